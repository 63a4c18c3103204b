import Base
import Core
import Queue
import Runs
import System

/// The threads of a worker: the worker's loop adds steps, and threads submit results.
///
/// Tasks and results have separate monitors, so that adding tasks does not wake the loop and results do not wake
/// threads.
final class WorkerPool: Sendable {
    /// The state that threads wait for.
    private struct Tasks {
        var waiting: ArraySlice<Assignment> = []
        var running: [JobLease: Attempt] = [:]
        var isClosed = false

        /// When the worker ends; a step whose time limit goes beyond it is not started.
        var end = Deadline.distantFuture
    }

    /// The state that the loop waits for.
    private struct Results {
        var finished: [StepResult] = []

        /// How many steps were added whose results were not collected.
        var outstanding = 0

        /// How many threads have not exited.
        var threads = 0

        var isStopRequested = false

        /// Whether the loop has seen the stop request.
        var isStopSeen = false
    }

    private let tasks = Monitor(Tasks())
    private let results = Monitor(Results())

    /// How many results wake the loop.
    private let resultBatch: Int

    /// How long fewer results wait before they wake it.
    private let resultDelay: Duration

    init(_ settings: WorkerSettings) {
        resultBatch = settings.resultBatch
        resultDelay = settings.resultDelay
    }

    // MARK: - Threads

    /// Waits for a step.
    ///
    /// - Returns: The step, its cancellation, and whether it can end in time; nil when the pool is closed.
    func next() -> (step: ClaimedStep, cancellation: Cancellation, isInTime: Bool)? {
        tasks.wait(timeoutNanoseconds: { _ in .max }) { tasks -> (ClaimedStep, Cancellation, Bool)?? in
            guard let assignment = tasks.waiting.popFirst() else { return tasks.isClosed ? .some(nil) : nil }
            let attempt = Attempt(start: SystemClock.uptime)
            tasks.running[assignment.step.lease] = attempt
            return (assignment.step, attempt.cancellation, assignment.step.timeout <= tasks.end.remaining)
        } ?? nil
    }

    /// Submits the result of a step.
    func submit(_ result: StepResult) {
        tasks.withLock { $0.running[result.step.lease] = nil }
        let wakes = results.withLock { results in
            results.finished.append(result)
            return results.finished.count == 1 || wakesOwner(results)
        }
        if wakes { results.change { _ in } }
    }

    func threadExited() {
        results.change { $0.threads -= 1 }
    }

    // MARK: - Steps

    /// Opens the pool for a number of threads.
    func open(threads: Int, until end: Deadline) {
        tasks.withLock { $0.end = end }
        results.withLock { $0.threads = threads }
    }

    /// Adds steps for threads to execute.
    func add(_ assignments: [Assignment]) {
        guard !assignments.isEmpty else { return }
        results.withLock { $0.outstanding += assignments.count }
        tasks.change { $0.waiting.append(contentsOf: assignments) }
    }

    /// Removes steps that no thread has started.
    func withdraw(where isIncluded: (Assignment) -> Bool = { _ in true }) -> [ClaimedStep] {
        let steps = tasks.withLock { tasks in
            let steps = tasks.waiting.filter(isIncluded).map(\.step)
            if !steps.isEmpty { tasks.waiting.removeAll(where: isIncluded) }
            return steps
        }
        results.withLock { $0.outstanding -= steps.count }
        return steps
    }

    /// Cancels running steps.
    func cancel(_ leases: some Sequence<JobLease>) {
        tasks.withLock { tasks in
            for lease in leases { tasks.running[lease]?.cancellation.cancel() }
        }
    }

    /// The running steps that started before a time, and that no earlier call returned.
    func unrecorded(since start: Duration) -> [JobLease] {
        tasks.withLock { tasks in
            let leases = tasks.running.filter { !$0.value.isRecorded && $0.value.start <= start }.map(\.key)
            for lease in leases { tasks.running[lease]?.isRecorded = true }
            return leases
        }
    }

    /// The number of running steps, and of waiting steps by topic.
    func load() -> (running: Int, waiting: [QueueTopic: Int]) {
        tasks.withLock { tasks in
            (tasks.running.count, tasks.waiting.reduce(into: [:]) { $0[$1.topic, default: 0] += 1 })
        }
    }

    /// Closes the pool: waiting steps are dropped and running steps are cancelled.
    func close() {
        tasks.change { tasks in
            tasks.waiting = []
            for attempt in tasks.running.values { attempt.cancellation.cancel() }
            tasks.isClosed = true
        }
    }

    // MARK: - Results

    /// Removes and returns all results.
    func collect() -> [StepResult] {
        results.withLock { results in
            defer { results.finished = [] }
            results.outstanding -= results.finished.count
            return results.finished
        }
    }

    /// Whether the results of all steps were collected.
    var isIdle: Bool { results.withLock { $0.outstanding == 0 } }

    /// Asks the loop to end.
    func requestStop() {
        results.change { $0.isStopRequested = true }
    }

    var isStopRequested: Bool {
        results.withLock { results in
            results.isStopSeen = results.isStopRequested
            return results.isStopRequested
        }
    }

    /// Waits for enough results, a stop request, or the given time.
    func wait(until moment: Duration) {
        var firstSeen: Duration?
        results.wait(timeoutNanoseconds: { results in
            let now = SystemClock.uptime
            if !results.finished.isEmpty { firstSeen = firstSeen ?? now }
            let end = min(moment, firstSeen.map { $0 + resultDelay } ?? moment)
            return Deadline.after(end - now).remainingNanoseconds
        }) { results in
            wakesOwner(results) || results.isStopRequested && !results.isStopSeen ? () : nil
        }
    }

    /// Waits for the threads to exit.
    ///
    /// - Returns: Whether all have exited.
    func waitForThreads(until deadline: Deadline) -> Bool {
        results.wait(timeoutNanoseconds: { _ in deadline.remainingNanoseconds }) { $0.threads == 0 ? true : nil }
            ?? false
    }

    private func wakesOwner(_ results: borrowing Results) -> Bool {
        results.finished.count >= resultBatch
            || results.finished.count == results.outstanding && results.outstanding > 0
    }
}

extension WorkerPool {
    /// The body of a thread: executes steps until the pool is closed.
    func work<Executor: StepExecutor & ~Copyable>(with makeExecutor: @Sendable () -> Executor) {
        var executor = makeExecutor()
        while let (step, cancellation, isInTime) = next() {
            guard isInTime else {
                submit(StepResult(step, .released()))
                continue
            }
            let start = SystemClock.uptime
            let outcome = executor.execute(step, deadline: .after(step.timeout), cancellation: cancellation)
            submit(StepResult(step, outcome, duration: SystemClock.uptime - start))
        }
        threadExited()
    }
}
