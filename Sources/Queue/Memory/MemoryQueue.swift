public import Base
internal import System

/// A ``Queue`` for the threads of one process.
///
/// Its jobs are lost when the process ends.
///
/// The queue has no thread and no timer of its own. Each call first makes scheduled jobs due and ends expired leases.
public final class MemoryQueue: Queue, Sendable {
    /// Returns the current time.
    public typealias Clock = @Sendable () -> Timestamp

    private struct Contents {
        var state: MemoryQueueState

        /// The last fencing token.
        ///
        /// It is shared by all jobs, because a completed job may be enqueued again under its id.
        var lastFence: Int64 = 0
    }

    private let contents: Monitor<Contents>
    private let now: Clock

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - schedule: The attempts of its jobs.
    ///   - clock: Returns the current time, which goes backwards only in tests.
    public init(schedule: RetrySchedule = .standard, clock: Clock? = nil) {
        contents = Monitor(Contents(state: MemoryQueueState(schedule)))
        now = clock ?? Self.steadyClock()
    }

    /// Waits until a job can be claimed or the deadline passes.
    ///
    /// - Parameters:
    ///   - claim: The jobs to claim.
    ///   - deadline: When to stop waiting.
    ///   - cancellation: Ends the wait within 50 ms.
    /// - Returns: The result of ``claim(_:)``; empty if no job became due in time.
    public func claim(_ claim: JobClaim, until deadline: Deadline, cancellation: Cancellation? = nil) -> [Job] {
        let jobs = contents.wait(
            timeoutNanoseconds: { contents in
                guard cancellation?.isCancelled != true, case let rest = deadline.remainingNanoseconds, rest > 0
                else { return 0 }
                // Neither a test clock that jumps nor a cancellation wakes the thread, so the wait is limited.
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
        // The new leases change the next timer, so the other waiting threads must compute their timeouts again.
        contents.change { _ in }
        return jobs
    }

    /// A clock that starts at the system time and then follows the monotonic clock.
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

    /// Updates the state to the current time, then calls `body`.
    private func tending<Output>(_ body: (inout MemoryQueueState, Timestamp) -> sending Output) -> sending Output {
        contents.change { contents in
            let now = now()
            contents.state.tend(at: now)
            return body(&contents.state, now)
        }
    }
}
