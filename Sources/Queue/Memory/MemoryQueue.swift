public import Base
internal import System

/// A ``Queue`` within one process, for all its threads; what is in it ends with the process.
///
/// There is no thread and no timer of its own: whoever claims sees to what has become due and which leases are over.
public final class MemoryQueue: Queue, Sendable {
    /// Tells the time.
    public typealias Clock = @Sendable () -> Timestamp

    private struct Contents {
        var state: MemoryQueueState

        /// Of all claims, since a job that was done and comes again under its id is another one.
        var lastFence: Int64 = 0
    }

    private let contents: Monitor<Contents>
    private let now: Clock

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - schedule: How often its jobs are tried.
    ///   - clock: Tells the time, which never goes back unless a test wants it to.
    public init(schedule: RetrySchedule = .standard, clock: Clock? = nil) {
        contents = Monitor(Contents(state: MemoryQueueState(schedule)))
        now = clock ?? Self.steadyClock()
    }

    /// Waits for jobs until there are some to claim, or none has come by the deadline.
    ///
    /// - Parameters:
    ///   - claim: What the claimant is ready to do.
    ///   - deadline: When to stop waiting.
    ///   - cancellation: Ends the wait within 50 ms.
    /// - Returns: What ``claim(_:)`` does; nothing when none came.
    public func claim(_ claim: JobClaim, until deadline: Deadline, cancellation: Cancellation? = nil) -> [Job] {
        let jobs = contents.wait(
            timeoutNanoseconds: { contents in
                guard cancellation?.isCancelled != true, case let rest = deadline.remainingNanoseconds, rest > 0
                else { return 0 }
                // A clock of a test's may jump and tells nobody; neither does a cancellation.
                let longest: UInt64 = cancellation == nil ? 1_000_000_000 : 50_000_000
                let next = contents.state.nextTimer.map { $0.duration(since: now()).nanosecondsClamped } ?? longest
                return min(rest, max(min(next, longest), 1_000))
            },
            { contents in
                let jobs = contents.state.claim(claim, fence: &contents.lastFence, at: now())
                return jobs.isEmpty ? nil : jobs
            }
        )
        guard let jobs else { return [] }
        // Others wait for the next moment at which something happens, and the new leases' ends are such.
        contents.change { _ in }
        return jobs
    }

    /// The system's time when it is made, and from then on by the clock that cannot be set.
    private static func steadyClock() -> Clock {
        let origin = Timestamp.now()
        let start = SystemClock.monotonicNanoseconds()
        return { origin + .nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - start)) }
    }
}

extension MemoryQueue {
    @discardableResult
    public func enqueue(_ jobs: [NewJob]) -> Int {
        contents.change { $0.state.enqueue(jobs, at: now()) }
    }

    public func claim(_ claim: JobClaim) -> [Job] {
        contents.change { $0.state.claim(claim, fence: &$0.lastFence, at: now()) }
    }

    public func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) -> [LeaseState] {
        tending { state, now in leases.map { state.heartbeat($0, extendingBy: lease, at: now) } }
    }

    @discardableResult
    public func finish(_ results: [JobResult]) -> [Bool] {
        tending { state, now in results.map { state.finish($0, at: now) } }
    }

    public func cancel(_ job: ID<Job>) -> JobCancellation {
        tending { state, _ in state.cancel(job) }
    }

    public func tend() {
        tending { _, _ in }
    }

    public func counts(of topic: QueueTopic) -> QueueCounts {
        tending { state, now in state.counts(of: topic, at: now) }
    }

    public func deadLetters(of topic: QueueTopic, limit: Int, after: KeysetPosition<ID<Job>>? = nil) -> [DeadLetter] {
        tending { state, _ in state.deadLetters(of: topic, limit: limit, after: after) }
    }

    @discardableResult
    public func redrive(_ topic: QueueTopic, limit: Int) -> Int {
        tending { state, now in state.redrive(topic, limit: min(limit, Self.redriveLimit), at: now) }
    }

    /// Does something with the state as it should be by now.
    private func tending<Output>(_ body: (inout MemoryQueueState, Timestamp) -> sending Output) -> sending Output {
        contents.change { contents in
            let now = now()
            contents.state.tend(at: now)
            return body(&contents.state, now)
        }
    }
}
