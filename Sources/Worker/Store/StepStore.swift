public import Base
import Core
public import Queue
public import Runs

/// A store of steps, for one thread.
public protocol StepStore: ~Copyable {
    /// Reserves steps that are due; no attempt begins.
    mutating func claim(_ claim: StepClaim) throws -> [ClaimedStep]

    /// Begins the attempts of claimed steps: from here on they count, and the timeline says so.
    ///
    /// - Returns: The leases whose steps may be executed: those that are still held and not cancelled.
    mutating func begin(_ leases: [JobLease]) throws -> Set<JobLease>

    /// Extends leases; they count from now.
    ///
    /// - Returns: The state of each lease, in order.
    mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState]

    /// Stores what watched steps have written so far.
    ///
    /// - Returns: The leases that are held and whose steps are still watched.
    mutating func show(_ texts: [JobLease: String]) throws -> Set<JobLease>

    /// Reports results, all in one transaction.
    ///
    /// - Returns: For each result, in order, whether it was accepted; false if the lease was lost.
    mutating func finish(_ results: [StepResult]) throws -> [Bool]

    /// Maintains the queue: delayed jobs that are due, expired leases, expired gates, and runs past their deadline.
    ///
    /// - Returns: Whether there is more to do now.
    /// - Throws: ``MaintenanceTimedOut`` when a part of it did not complete in time; the next call does the others first
    ///   and asks for less of that part.
    mutating func maintain() throws -> Bool

    /// Notes what the worker can do.
    ///
    /// - Returns: The number of steps that have waited long and that no worker can do, by topic.
    mutating func note(_ kind: WorkerKind) throws -> [QueueTopic: Int]

    /// Looks for due steps, when the worker ends.
    mutating func backlog(for kind: WorkerKind) throws -> StepBacklog
}

extension StepStore where Self: ~Copyable {
    /// A store that no one reads needs no texts.
    public mutating func show(_ texts: [JobLease: String]) throws -> Set<JobLease> { [] }

    /// Claims steps of any length and of all teams, without special needs.
    public mutating func claim(_ job: JobClaim) throws -> [ClaimedStep] { try claim(StepClaim(job)) }
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

    /// Executes a step whose text can be watched.
    mutating func execute(
        _ step: ClaimedStep,
        deadline: Deadline,
        cancellation: Cancellation,
        writing text: LiveText
    ) -> StepOutcome
}

extension StepExecutor where Self: ~Copyable {
    /// Executes a step that writes no text.
    public mutating func execute(
        _ step: ClaimedStep,
        deadline: Deadline,
        cancellation: Cancellation,
        writing text: LiveText
    ) -> StepOutcome {
        execute(step, deadline: deadline, cancellation: cancellation)
    }
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
