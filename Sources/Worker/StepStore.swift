import Core
public import Runs
public import Queue

/// Where a worker gets steps from and says what became of them; it belongs to one thread.
public protocol StepStore: ~Copyable {
    /// Takes steps that are due.
    mutating func claim(_ claim: JobClaim) throws -> [ClaimedStep]

    /// Makes leases last for another while from now on.
    ///
    /// - Returns: What became of each, in order.
    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState]

    /// Tells the timeline that steps have begun, those that are still held.
    mutating func noteStarted(_ leases: [JobLease]) throws

    /// Tells what became of steps, all at once.
    ///
    /// - Returns: For each, in order, whether it counted: false when the lease had been lost.
    mutating func finish(_ results: [StepResult]) throws -> [Bool]

    /// Sees to delayed jobs, leases that are over, gates that nobody decided in time, and runs beyond their deadline.
    ///
    /// - Throws: ``StepsUntended`` when there was too much to see to.
    mutating func tend() throws
}
