import Base
import Core
import Queue
import Runs
import System

/// Where a worker's owner puts down steps, and its threads put down what became of them.
///
/// There are two places, so that threads which look for steps do not wake the owner, and results do not wake threads.
final class WorkerPool: Sendable {
    /// What threads look at.
    private struct Tasks {
        var waiting: ArraySlice<Assignment> = []
        var running: [JobLease: Attempt] = [:]
        var isClosed = false

        /// When the worker ends: a step that may take longer is not begun.
        var end = Deadline.distantFuture
    }

    /// What the owner looks at.
    private struct Results {
        var finished: [StepResult] = []

        /// How many steps were handed over whose results nobody has collected.
        var outstanding = 0

        /// How many threads have not ended.
        var threads = 0

        var isStopRequested = false

        /// Whether the owner knows of that.
        var isStopSeen = false
    }

    private let tasks = Monitor(Tasks())
    private let results = Monitor(Results())

    /// How many results wake the owner.
    private let resultBatch: Int

    /// For how long fewer results do not.
    private let resultDelay: Duration

    init(_ settings: WorkerSettings) {
        resultBatch = settings.resultBatch
        resultDelay = settings.resultDelay
    }

    // MARK: - Threads

    /// Waits for a step.
    ///
    /// - Returns: The step, what tells that nobody wants it any more, and whether there is time for it; nil when there
    ///   will be no more.
    func next() -> (step: ClaimedStep, cancellation: Cancellation, isInTime: Bool)? {
        tasks.wait(timeoutNanoseconds: { _ in .max }) { tasks -> (ClaimedStep, Cancellation, Bool)?? in
            guard let assignment = tasks.waiting.popFirst() else { return tasks.isClosed ? .some(nil) : nil }
            let attempt = Attempt(start: SystemClock.uptime)
            tasks.running[assignment.step.lease] = attempt
            return (assignment.step, attempt.cancellation, assignment.step.timeout <= tasks.end.remaining)
        } ?? nil
    }

    /// Puts down what became of a step.
    func submit(_ result: StepResult) {
        tasks.withLock { $0.running[result.step.lease] = nil }
        let wakes = results.withLock { results in
            results.finished.append(result)
            return results.finished.count == 1 || wakesOwner(results)
        }
        if wakes { results.change { _ in } }
    }

    /// Says that a thread ends.
    func threadExited() {
        results.change { $0.threads -= 1 }
    }

    // MARK: - Steps

    /// Opens for a number of threads.
    func open(threads: Int, until end: Deadline) {
        tasks.withLock { $0.end = end }
        results.withLock { $0.threads = threads }
    }

    /// Hands steps over.
    func add(_ assignments: [Assignment]) {
        guard !assignments.isEmpty else { return }
        results.withLock { $0.outstanding += assignments.count }
        tasks.change { $0.waiting.append(contentsOf: assignments) }
    }

    /// Takes steps back that no thread has begun.
    func withdraw(where isMeant: (Assignment) -> Bool = { _ in true }) -> [ClaimedStep] {
        let steps = tasks.withLock { tasks in
            let steps = tasks.waiting.filter(isMeant).map(\.step)
            if !steps.isEmpty { tasks.waiting.removeAll(where: isMeant) }
            return steps
        }
        results.withLock { $0.outstanding -= steps.count }
        return steps
    }

    /// Tells steps that are being done that nobody wants them any more.
    func cancel(_ leases: some Sequence<JobLease>) {
        tasks.withLock { tasks in
            for lease in leases { tasks.running[lease]?.cancellation.cancel() }
        }
    }

    /// What is being done since then and was not named before.
    func unrecorded(since start: Duration) -> [JobLease] {
        tasks.withLock { tasks in
            let leases = tasks.running.filter { !$0.value.isRecorded && $0.value.start <= start }.map(\.key)
            for lease in leases { tasks.running[lease]?.isRecorded = true }
            return leases
        }
    }

    /// How much is being done, and how much waits.
    func load() -> (running: Int, waiting: [QueueTopic: Int]) {
        tasks.withLock { tasks in
            (tasks.running.count, tasks.waiting.reduce(into: [:]) { $0[$1.topic, default: 0] += 1 })
        }
    }

    /// Lets the threads end as soon as they can: what waits is not begun, and what runs is told that nobody wants it.
    func close() {
        tasks.change { tasks in
            tasks.waiting = []
            for attempt in tasks.running.values { attempt.cancellation.cancel() }
            tasks.isClosed = true
        }
    }

    // MARK: - Results

    /// Takes all results.
    func collect() -> [StepResult] {
        results.withLock { results in
            defer { results.finished = [] }
            results.outstanding -= results.finished.count
            return results.finished
        }
    }

    /// Whether all that was handed over was collected.
    var isIdle: Bool { results.withLock { $0.outstanding == 0 } }

    /// Asks the owner to end.
    func requestStop() {
        results.change { $0.isStopRequested = true }
    }

    var isStopRequested: Bool {
        results.withLock { results in
            results.isStopSeen = results.isStopRequested
            return results.isStopRequested
        }
    }

    /// Waits until there are results enough, or somebody wants the worker to end.
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

    /// Waits for the end of the threads.
    ///
    /// - Returns: Whether all have ended.
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
    /// What a thread does: one step after the other, until there will be no more.
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
