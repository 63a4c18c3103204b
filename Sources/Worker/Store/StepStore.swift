public import Base
import Core
public import Queue
public import Runs

/// A store of steps, for one thread.
public protocol StepStore: ~Copyable {
    /// Claims steps that are due.
    mutating func claim(_ claim: JobClaim) throws -> [ClaimedStep]

    /// Extends leases; they count from now.
    ///
    /// - Returns: The state of each lease, in order.
    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState]

    /// Records in the timeline that steps have started; steps whose lease is lost are skipped.
    mutating func recordStarted(_ leases: [JobLease]) throws

    /// Reports results, all in one transaction.
    ///
    /// - Returns: For each result, in order, whether it was accepted; false if the lease was lost.
    mutating func finish(_ results: [StepResult]) throws -> [Bool]

    /// Maintains the queue: delayed jobs that are due, expired leases, expired gates, and runs past their deadline.
    ///
    /// - Throws: ``MaintenanceTimedOut`` when there was too much to do.
    mutating func maintain() throws
}

/// Executes steps, one after the other, on one thread.
public protocol StepExecutor: ~Copyable {
    /// Executes a step.
    ///
    /// Every failure is an outcome.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - deadline: The time limit of the attempt.
    ///   - cancellation: Is set when the result is no longer needed.
    /// - Returns: The outcome.
    mutating func execute(_ step: ClaimedStep, deadline: Deadline, cancellation: Cancellation) -> StepOutcome
}

/// A permanent refusal: the store works, and would refuse the call again.
///
/// All other errors of a ``StepStore`` count as transient.
public struct StoreRefusal: Error {
    /// The store's error.
    public let reason: any Error

    /// Wraps the store's error.
    public init(_ reason: any Error) {
        self.reason = reason
    }
}

/// ``StepStore/maintain()`` did not complete in time.
///
/// Other operations of the store may work.
public struct MaintenanceTimedOut: Error {
    /// The store's error.
    public let reason: any Error

    /// Wraps the store's error.
    public init(_ reason: any Error) {
        self.reason = reason
    }
}
