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
        var threadsOfTeams: [UUID: Int] = [:]
        var isClosed = false

        /// When the worker ends; a step whose time limit goes beyond it is not started.
        var end = Deadline.distantFuture

        /// The first waiting step that a thread may start.
        func firstStartable(share: Int) -> Int? {
            var fullTeam: UUID?
            for index in waiting.indices where waiting[index].isReady && waiting[index].step.team != fullTeam {
                let team = waiting[index].step.team
                if threadsOfTeams[team, default: 0] < share { return index }
                fullTeam = team
            }
            return nil
        }
    }

    /// The state that the loop waits for.
    private struct Results {
        var finished: [StepResult] = []

        /// How many steps were added whose results were not collected.
        var outstanding = 0

        /// How many threads have not exited.
        var threads = 0

        /// Whether a thread became free while steps wait to begin.
        var isBeginDue = false

        var isStopRequested = false

        /// Whether the loop has seen the stop request.
        var isStopSeen = false
    }

    private let tasks = Monitor(Tasks())
    private let results = Monitor(Results())
    private let threads: Int

    /// How many threads the steps of one team may use at once.
    private let share: Int

    /// How many results wake the loop.
    private let resultBatch: Int

    /// How long fewer results wait before they wake it.
    private let resultDelay: Duration

    init(_ settings: WorkerSettings) {
        threads = settings.threads
        share = settings.teamThreads
        resultBatch = settings.resultBatch
        resultDelay = settings.resultDelay
    }

    // MARK: - Threads

    /// Waits for a step that may start: one that has begun or need not begin first, of a team below its share.
    ///
    /// - Returns: The step, its attempt, and its time limit, nil if it cannot end in time; nil when the pool is closed.
    func next() -> (step: ClaimedStep, attempt: Attempt, limit: Duration?)? {
        let share = share
        return tasks.wait(timeoutNanoseconds: { _ in .max }) { tasks -> (ClaimedStep, Attempt, Duration?)?? in
            guard let index = tasks.firstStartable(share: share) else { return tasks.isClosed ? .some(nil) : nil }
            let isFirst = index == tasks.waiting.startIndex
            let assignment = isFirst ? tasks.waiting.removeFirst() : tasks.waiting.remove(at: index)
            let step = assignment.step
            let attempt = Attempt(step, start: SystemClock.uptime, isRecorded: assignment.hasBegun)
            tasks.running[step.lease] = attempt
            tasks.threadsOfTeams[step.team, default: 0] += 1
            return (step, attempt, step.timeLimit(within: tasks.end.remaining))
        } ?? nil
    }

    /// Submits the result of a step.
    func submit(_ result: StepResult) {
        let step = result.step
        let isBeginDue = tasks.withLock { tasks in
            tasks.running[step.lease] = nil
            tasks.threadsOfTeams[step.team] = tasks.threadsOfTeams[step.team].flatMap { $0 > 1 ? $0 - 1 : nil }
            return tasks.waiting.contains { !$0.isReady }
        }
        let wakes = results.withLock { results in
            results.finished.append(result)
            if isBeginDue { results.isBeginDue = true }
            return results.finished.count == 1 || wakesOwner(results)
        }
        if wakes { results.change { _ in } }
    }

    func threadExited() {
        results.change { $0.threads -= 1 }
    }

    // MARK: - Steps

    /// Opens the pool for its threads.
    func open(until end: Deadline) {
        tasks.withLock { $0.end = end }
        results.withLock { $0.threads = threads }
    }

    /// Adds steps for threads to execute.
    func add(_ assignments: [Assignment]) {
        guard !assignments.isEmpty else { return }
        results.withLock { $0.outstanding += assignments.count }
        tasks.change { $0.waiting.append(contentsOf: assignments) }
    }

    /// The waiting steps that have to begin before the free threads can start them, no more than there are free threads.
    func beginnable() -> [JobLease] {
        let (threads, share) = (threads, share)
        return tasks.withLock { tasks in
            guard tasks.waiting.contains(where: { !$0.isReady }) else { return [] }
            var free = threads - tasks.running.count
            var used = tasks.threadsOfTeams
            var leases: [JobLease] = []
            for assignment in tasks.waiting where free > 0 && used[assignment.step.team, default: 0] < share {
                used[assignment.step.team, default: 0] += 1
                free -= 1
                if !assignment.isReady { leases.append(assignment.step.lease) }
            }
            return leases
        }
    }

    /// Lets threads start steps that have begun, before all others.
    func start(_ leases: Set<JobLease>) {
        guard !leases.isEmpty else { return }
        tasks.change { tasks in
            var begun: [Assignment] = []
            tasks.waiting.removeAll { assignment in
                guard leases.contains(assignment.step.lease) else { return false }
                begun.append(assignment.begun())
                return true
            }
            tasks.waiting.insert(contentsOf: begun, at: tasks.waiting.startIndex)
        }
    }

    /// Removes steps that no thread has started.
    func withdraw(where isIncluded: (Assignment) -> Bool) -> [ClaimedStep] {
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

    /// What running steps have written, if it has changed.
    func texts(of leases: some Sequence<JobLease>) -> [JobLease: String] {
        let texts = tasks.withLock { tasks in
            leases.compactMap { lease in tasks.running[lease].map { (lease, $0.text) } }
        }
        return Dictionary(texts.compactMap { lease, text in text.changed().map { (lease, $0) } }) { $1 }
    }

    /// The steps whose begin is not recorded although a thread started them at a time or before; each is returned once.
    func unrecorded(since start: Duration) -> [JobLease] {
        tasks.withLock { tasks in
            let leases = tasks.running.filter { !$0.value.isRecorded && $0.value.start <= start }.map(\.key)
            for lease in leases { tasks.running[lease]?.isRecorded = true }
            return leases
        }
    }

    /// What the threads do.
    ///
    /// - Parameter moment: A thread that has executed a step since then or earlier counts as occupied: it does not soon
    ///   become free.
    /// - Returns: The load.
    func load(occupiedSince moment: Duration) -> PoolLoad {
        let share = share
        return tasks.withLock { tasks in
            var load = PoolLoad(running: tasks.running.count)
            var occupied: [UUID: Int] = [:]
            for attempt in tasks.running.values where attempt.start <= moment {
                load.occupied += 1
                occupied[attempt.team, default: 0] += 1
            }
            load.fullTeams = occupied.filter { $0.value >= share }.map(\.key)
            for assignment in tasks.waiting { load.waiting[assignment.topic, default: 0] += 1 }
            return load
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
            results.isBeginDue = false
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

    /// Waits for enough results, a step to begin, a stop request, or the given time.
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
        results.isBeginDue || results.finished.count >= resultBatch
            || results.finished.count == results.outstanding && results.outstanding > 0
    }
}

extension WorkerPool {
    /// The body of a thread: executes steps until the pool is closed.
    func work<Executor: StepExecutor & ~Copyable>(with makeExecutor: @Sendable () -> Executor) {
        var executor = makeExecutor()
        while let (step, attempt, limit) = next() {
            guard let limit else {
                submit(StepResult(step, .released()))
                continue
            }
            let start = SystemClock.uptime
            var outcome = executor.execute(
                step,
                deadline: .after(limit),
                cancellation: attempt.cancellation,
                writing: attempt.text
            )
            // The worker's end came before the step's own time limit.
            if case .timedOut = outcome, limit < step.timeLimit { outcome = .interrupted }
            submit(StepResult(step, outcome, duration: SystemClock.uptime - start))
        }
        threadExited()
    }
}
