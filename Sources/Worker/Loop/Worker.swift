public import Base
import Queue
internal import Core
internal import Runs
internal import System

/// Does steps that others planned: takes them from a store, has its threads do them, and says what became of them.
///
/// The store belongs to the thread that runs the worker, and each executor to a thread of its own. Steps are the
/// worker's for the length of a lease, which heartbeats make longer; what is not its own any more it stops doing, and says
/// nothing of it.
public struct Worker<Store: StepStore & ~Copyable, Executor: StepExecutor & ~Copyable & SendableMetatype>: ~Copyable {
    var store: Store
    let settings: WorkerSettings
    let log: Log
    let pool: WorkerPool
    private let makeExecutor: @Sendable () -> Executor

    /// What the worker has claimed and not yet said anything of.
    var held: [JobLease: HeldStep] = [:]

    /// What is to be said to the store.
    var pending: [StepResult] = []

    /// Since when the first of it waits.
    var pendingSince = Duration.zero

    /// How many results are to be told one by one, because the store would not take them together.
    var retryIndividually = 0

    /// How many results are told at once: fewer while the store fails, which may be for their number.
    var maxBatch = WorkerSettings.largestBatch

    /// How often the store has taken results.
    var round = 0

    var turns: [TopicState]
    var pace = StepPace()
    var outage: StoreOutage
    var report = WorkerReport()
    var phase = Phase.working
    var end = Deadline.distantFuture
    var nextMaintenance = Duration.zero
    var nextHeartbeat = Duration.zero

    /// What the worker is about.
    enum Phase: Equatable {
        /// To take what there is and do it.
        case working
        /// To do until then what has been begun.
        case ending(until: Duration)
        /// To get back until then what threads were told to stop.
        case cancelling(until: Duration)
    }

    /// Makes a worker, which does nothing yet.
    ///
    /// - Parameters:
    ///   - store: Where steps come from.
    ///   - settings: How much it takes on.
    ///   - log: Is told what an operator should know.
    ///   - makeExecutor: Makes what does the steps, once in each thread.
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

    /// Makes the worker end, from any thread: it takes nothing more, finishes what it can, and gives back the rest.
    public var requestStop: @Sendable () -> Void {
        { [pool] in pool.requestStop() }
    }

    /// Works until there is nothing to do, or there is no time left, or somebody wants it to end; once.
    ///
    /// - Parameter end: When all steps have to be done. It takes another two seconds at most.
    /// - Returns: What was done.
    /// - Throws: What the store throws, when it refuses to work, or when it does not answer and nothing is under way; or
    ///   `SystemError` when there is no room for threads.
    public mutating func run(until end: Deadline) throws -> WorkerReport {
        self.end = end
        pool.open(threads: settings.threads, until: end)
        var threads = Threads()
        defer {
            pool.close()
            // One that does not listen keeps its step until the lease is over.
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
            takeResults(at: now)
            try settle(at: now)
            now = SystemClock.uptime
            if phase == .working { try claim(at: now) }
            guard try !isOver(at: now) else { return }
            pool.wait(until: nextMoment(after: now))
        }
    }

    /// Asks the store for something, unless it is known not to answer.
    ///
    /// - Returns: What it answered; nil when it did not.
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
            outage.note(error, at: SystemClock.uptime)
            return nil
        }
    }
}
