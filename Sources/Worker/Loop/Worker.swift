public import Base
import Queue
internal import Core
internal import Runs
internal import System

/// Executes steps: claims them from a store, runs them on threads and reports their results.
///
/// The store belongs to the thread that runs the worker, and each executor to a thread of its own. The worker holds
/// steps by leases, which heartbeats extend. When it loses a lease, it stops the step and reports nothing.
public struct Worker<Store: StepStore & ~Copyable, Executor: StepExecutor & ~Copyable & SendableMetatype>: ~Copyable {
    var store: Store
    let settings: WorkerSettings
    let log: Log
    let pool: WorkerPool
    private let makeExecutor: @Sendable () -> Executor

    /// The steps that the worker has claimed and not reported.
    var held: [JobLease: HeldStep] = [:]

    /// The results that are not reported yet.
    var pending: [StepResult] = []

    /// When the oldest of them arrived.
    var pendingSince = Duration.zero

    /// How many results to report one by one, because the store refused them together.
    var retryIndividually = 0

    /// The maximum number of results in a report.
    ///
    /// It is halved while reports fail, because their size may be the cause.
    var maxBatch = WorkerSettings.largestBatch

    /// How many reports the store has accepted.
    var round = 0

    var turns: [TopicState]
    var pace = StepPace()
    var outage: StoreOutage
    var report = WorkerReport()
    var phase = Phase.working
    var end = Deadline.distantFuture

    /// The time from the start to ``end``.
    var timeGiven = Duration.zero

    /// What the worker has of what steps may need.
    var abilities: [String] = []

    /// What of it is closed by circuit breakers, each with the end of its pause.
    var closedNeeds: [String: Duration] = [:]

    /// Whether the worker ended because it found no step to claim.
    var isQueueEmpty = false

    var nextNote = Duration.zero
    var nextMaintenance = Duration.zero
    var nextHeartbeat = Duration.zero
    var nextTexts = Duration.zero

    /// A phase of the worker's life.
    enum Phase: Equatable {
        /// Claims and executes steps.
        case working
        /// Lets running steps continue until then.
        case ending(until: Duration)
        /// Waits until then for steps that were cancelled.
        case cancelling(until: Duration)
    }

    /// Makes a worker; ``run(until:)`` starts it.
    ///
    /// - Parameters:
    ///   - store: The store of steps.
    ///   - settings: The limits and intervals.
    ///   - log: The log for operators.
    ///   - makeExecutor: Makes an executor, once a thread.
    public init(
        _ store: consuming Store,
        _ settings: WorkerSettings,
        log: Log,
        makeExecutor: @escaping @Sendable () -> Executor
    ) {
        self.store = store
        self.settings = settings
        self.log = log
        self.makeExecutor = makeExecutor
        pool = WorkerPool(settings)
        turns = settings.topics.map { TopicState(topic: $0, pauses: Pauses(settings.pause)) }
        outage = StoreOutage(pauses: settings.pause, log: log)
    }

    /// Makes the worker end, from any thread: it claims no more steps, finishes what it can and returns the rest to the
    /// queue.
    public var requestStop: @Sendable () -> Void {
        { [pool] in pool.requestStop() }
    }

    /// Works until no step is due, the deadline has passed or a stop is requested.
    ///
    /// Call it once.
    ///
    /// - Parameter end: When all steps have to be done. The worker returns at most two seconds later.
    /// - Returns: The counts of what was done.
    /// - Throws: The store's error when it refuses a call permanently, or stays unavailable while the worker holds no
    ///   steps; `SystemError` when threads cannot be started.
    public mutating func run(until end: Deadline) throws -> WorkerReport {
        self.end = end
        timeGiven = end.remaining
        abilities = settings.abilities()
        pool.open(until: end)
        var threads = Threads()
        defer {
            pool.close()
            // A thread that ignores cancellation keeps its step until the lease expires.
            if threads.count == settings.threads, !pool.waitForThreads(until: .after(.seconds(1))) {
                log.warning("worker.thread_left", [:])
                threads.abandon()
            }
        }
        for _ in 0..<settings.threads {
            try threads.start { [pool, makeExecutor] in pool.work(with: makeExecutor) }
        }
        do {
            try loop()
            try countBacklog()
        } catch let refusal as StoreRefusal {
            throw refusal.reason
        }
        return report
    }

    private mutating func loop() throws {
        while true {
            var now = SystemClock.uptime
            enterPhase(at: now)
            try maintain(at: now)
            try keepLeases(at: now)
            try showTexts(at: now)
            takeResults(at: now)
            try begin(at: now)
            try settle(at: now)
            returnWaiting(at: now)
            now = SystemClock.uptime
            if phase == .working {
                try claim(at: now)
                try begin(at: now)
            }
            guard try !isOver(at: now) else { return }
            pool.wait(until: nextMoment(after: now))
        }
    }

    /// Calls the store, unless it is unavailable and its pause is not over.
    ///
    /// - Returns: The answer; nil if there is none.
    /// - Throws: ``StoreRefusal``.
    mutating func callStore<Answer>(
        at now: Duration,
        _ question: (inout Store) throws -> Answer
    ) throws(StoreRefusal) -> Answer? {
        guard outage.allowsCall(at: now) else { return nil }
        do {
            let answer = try question(&store)
            outage.end()
            return answer
        } catch let refusal as StoreRefusal {
            throw refusal
        } catch {
            outage.record(error, at: SystemClock.uptime)
            return nil
        }
    }
}
