public import Base
import Core
public import Queue
public import Runs

/// Where a worker gets steps from and says what became of them; it belongs to one thread.
public protocol StepStore: ~Copyable {
    /// Takes steps that are due.
    mutating func claim(_ claim: JobClaim) throws -> [ClaimedStep]

    /// Makes leases last for another while from now on.
    ///
    /// - Returns: What became of each, in order.
    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState]

    /// Tells the timeline that steps have begun, those that are still held.
    mutating func recordStarted(_ leases: [JobLease]) throws

    /// Tells what became of steps, all at once.
    ///
    /// - Returns: For each, in order, whether it counted: false when the lease had been lost.
    mutating func finish(_ results: [StepResult]) throws -> [Bool]

    /// Sees to delayed jobs, leases that are over, gates that nobody decided in time, and runs beyond their deadline.
    ///
    /// - Throws: ``MaintenanceTimedOut`` when there was too much to see to.
    mutating func maintain() throws
}

/// Does steps, one after the other; it belongs to one thread.
public protocol StepExecutor: ~Copyable {
    /// Does a step, or says why not. It throws nothing: whatever goes wrong is an outcome.
    ///
    /// - Parameters:
    ///   - step: What to do.
    ///   - deadline: When the attempt has to be over.
    ///   - cancellation: Told when nobody wants it done any more.
    /// - Returns: What became of it.
    mutating func execute(_ step: ClaimedStep, deadline: Deadline, cancellation: Cancellation) -> StepOutcome
}

/// A store that works did not take what it was told, and would not take it again.
///
/// Every other error of a ``StepStore`` may pass.
public struct StoreRefusal: Error {
    /// What the store said.
    public let reason: any Error

    /// Takes what the store said.
    public init(_ reason: any Error) {
        self.reason = reason
    }
}

/// A store did not get done with ``StepStore/tend()`` in time, which says nothing of its other operations.
public struct MaintenanceTimedOut: Error {
    /// What the store said.
    public let reason: any Error

    /// Takes what the store said.
    public init(_ reason: any Error) {
        self.reason = reason
    }
}
