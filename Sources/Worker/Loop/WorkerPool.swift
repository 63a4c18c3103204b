import Base
import Core
import Queue
import Runs
import System

/// Where a worker's owner puts down steps, and its threads put down what became of them.
///
/// There are two places, so that threads which look for steps do not wake the owner, and results do not wake threads.
final class Workbench: Sendable {
    /// What threads look at.
    private struct Tasks {
        var waiting: ArraySlice<Assignment> = []
        var running: [JobLease: Attempt] = [:]
        var isClosed = false

        /// When the worker ends: a step that may take longer is not begun.
        var end = Deadline.distantFuture
    }

    /// What the owner looks at.
    private struct Tray {
        var finished: [Finished] = []

        /// How many steps were handed over whose results nobody has collected.
        var outstanding = 0

        /// How many threads have not ended.
        var threads = 0

        var isStopRequested = false

        /// Whether the owner knows of that.
        var isStopSeen = false
    }

    private let tasks = Monitor(Tasks())
    private let tray = Monitor(Tray())

    /// How many results wake the owner.
    private let gathered: Int

    /// For how long fewer results do not.
    private let gathering: Duration

    init(_ settings: WorkerSettings) {
        gathered = settings.gathered
        gathering = settings.gathering
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
    func finish(_ finished: Finished) {
        tasks.withLock { $0.running[finished.step.lease] = nil }
        let wakes = tray.withLock { tray in
            tray.finished.append(finished)
            return tray.finished.count == 1 || wakesOwner(tray)
        }
        if wakes { tray.change { _ in } }
    }

    /// Says that a thread ends.
    func leave() {
        tray.change { $0.threads -= 1 }
    }

    // MARK: - Steps

    /// Opens for a number of threads.
    func open(threads: Int, until end: Deadline) {
        tasks.withLock { $0.end = end }
        tray.withLock { $0.threads = threads }
    }

    /// Hands steps over.
    func add(_ assignments: [Assignment]) {
        guard !assignments.isEmpty else { return }
        tray.withLock { $0.outstanding += assignments.count }
        tasks.change { $0.waiting.append(contentsOf: assignments) }
    }

    /// Takes steps back that no thread has begun.
    func takeBack(where isMeant: (Assignment) -> Bool = { _ in true }) -> [ClaimedStep] {
        let steps = tasks.withLock { tasks in
            let steps = tasks.waiting.filter(isMeant).map(\.step)
            if !steps.isEmpty { tasks.waiting.removeAll(where: isMeant) }
            return steps
        }
        tray.withLock { $0.outstanding -= steps.count }
        return steps
    }

    /// Tells steps that are being done that nobody wants them any more.
    func cancel(_ leases: some Sequence<JobLease>) {
        tasks.withLock { tasks in
            for lease in leases { tasks.running[lease]?.cancellation.cancel() }
        }
    }

    /// What is being done since then and was not named before.
    func unnoted(since start: Duration) -> [JobLease] {
        tasks.withLock { tasks in
            let leases = tasks.running.filter { !$0.value.isNoted && $0.value.start <= start }.map(\.key)
            for lease in leases { tasks.running[lease]?.isNoted = true }
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
    func collect() -> [Finished] {
        tray.withLock { tray in
            defer { tray.finished = [] }
            tray.outstanding -= tray.finished.count
            return tray.finished
        }
    }

    /// Whether all that was handed over was collected.
    var isIdle: Bool { tray.withLock { $0.outstanding == 0 } }

    /// Asks the owner to end.
    func requestStop() {
        tray.change { $0.isStopRequested = true }
    }

    var isStopRequested: Bool {
        tray.withLock { tray in
            tray.isStopSeen = tray.isStopRequested
            return tray.isStopRequested
        }
    }

    /// Waits until there are results enough, or somebody wants the worker to end.
    func wait(until moment: Duration) {
        var firstSeen: Duration?
        tray.wait(timeoutNanoseconds: { tray in
            let now = SystemClock.uptime
            if !tray.finished.isEmpty { firstSeen = firstSeen ?? now }
            let end = min(moment, firstSeen.map { $0 + gathering } ?? moment)
            return Deadline.after(end - now).remainingNanoseconds
        }) { tray in
            wakesOwner(tray) || tray.isStopRequested && !tray.isStopSeen ? () : nil
        }
    }

    /// Waits for the end of the threads.
    ///
    /// - Returns: Whether all have ended.
    func waitForThreads(until deadline: Deadline) -> Bool {
        tray.wait(timeoutNanoseconds: { _ in deadline.remainingNanoseconds }) { $0.threads == 0 ? true : nil } ?? false
    }

    private func wakesOwner(_ tray: borrowing Tray) -> Bool {
        tray.finished.count >= gathered || tray.finished.count == tray.outstanding && tray.outstanding > 0
    }
}

extension Workbench {
    /// What a thread does: one step after the other, until there will be no more.
    func work<Executor: StepExecutor & ~Copyable>(with makeExecutor: @Sendable () -> Executor) {
        var executor = makeExecutor()
        while let (step, cancellation, isInTime) = next() {
            guard isInTime else {
                finish(Finished(step: step, outcome: .released()))
                continue
            }
            let start = SystemClock.uptime
            let outcome = executor.execute(step, deadline: .after(step.timeout), cancellation: cancellation)
            finish(Finished(step: step, outcome: outcome, took: SystemClock.uptime - start))
        }
        leave()
    }
}
