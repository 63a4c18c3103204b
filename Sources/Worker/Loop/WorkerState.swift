import Base
import Core
import Queue
import Runs

/// A step that waits for a thread.
struct Assignment: Sendable {
    let step: ClaimedStep
    let topic: QueueTopic

    /// When the worker got it.
    let since: Duration

    /// Whether its attempt has begun.
    private(set) var hasBegun = false

    init(step: ClaimedStep, topic: QueueTopic, since: Duration) {
        self.step = step
        self.topic = topic
        self.since = since
        isReady = !step.beginsFirst
    }

    /// Whether a thread may start it.
    private(set) var isReady: Bool

    /// The step once its attempt has begun.
    func begun() -> Assignment {
        var assignment = self
        assignment.hasBegun = true
        assignment.isReady = true
        return assignment
    }
}

/// The state of a running step.
struct Attempt: Sendable {
    let cancellation = Cancellation()

    /// What the step has written so far.
    let text = LiveText()

    let team: UUID

    let start: Duration

    /// Whether its begin was recorded.
    var isRecorded: Bool

    init(_ step: ClaimedStep, start: Duration, isRecorded: Bool) {
        team = step.team
        self.start = start
        self.isRecorded = isRecorded
    }
}

/// What the threads of a worker do.
struct PoolLoad {
    /// The number of running steps.
    var running: Int

    /// How many of them occupy their thread for long.
    var occupied = 0

    /// The teams whose share of the threads is occupied.
    var fullTeams: [UUID] = []

    /// The number of waiting steps, by topic.
    var waiting: [QueueTopic: Int] = [:]
}

/// The worker's state of a step that it holds.
struct HeldStep {
    let topic: QueueTopic

    /// When the last accepted claim or heartbeat was sent; the lease counts from then at the earliest.
    var keptAt: Duration

    /// Whether it probes a half-open circuit.
    var isProbe = false

    /// Whether its run was cancelled.
    var isCancelled = false

    /// Whether the worker stopped it for lack of time.
    var isStopped = false

    /// Whether its result is known.
    var isFinished = false

    /// Whether someone watches what it writes.
    var isWatched = false
}

/// The worker's state of a topic.
struct TopicState {
    let topic: QueueTopic

    /// When to claim again after an empty claim; `.zero` for at once.
    var nextClaim = Duration.zero

    /// The pauses between empty claims.
    var pauses: Pauses

    /// The report round of the last empty claim; nil if the last claim was not empty.
    var emptyRound: Int?

    /// Until when the topic's circuit breaker is open.
    var pausedUntil: Duration?

    /// Whether to claim a single step, to probe a half-open circuit.
    var isProbing = false

    /// Whether its steps begin before they are executed, so that their threads wait for the store in between.
    var beginsFirst = false

    /// Whether the last claim left out teams that used their share of the threads.
    var leftTeamsOut = false

    /// Whether to skip the topic because its circuit is open.
    func isPaused(at now: Duration) -> Bool {
        pausedUntil.map { $0 > now } ?? false
    }
}

/// The average duration of steps by topic, which sets the size of claims.
struct StepPace {
    private var means: [QueueTopic: Duration] = [:]

    /// The assumed duration before the first step.
    private static let guess = Duration.seconds(1)

    /// A lower bound, so that division is safe.
    private static let shortest = Duration.microseconds(1)

    /// The average duration of a topic's steps.
    func mean(of topic: QueueTopic) -> Duration { means[topic] ?? Self.guess }

    /// Updates the moving average, which weighs recent steps more.
    mutating func record(_ took: Duration, of topic: QueueTopic) {
        let took = max(took, Self.shortest)
        guard let mean = means[topic] else {
            means[topic] = took
            return
        }
        means[topic] = max(mean + (took - mean) / 8, Self.shortest)
    }

    /// The total duration of the waiting steps.
    func work(_ waiting: [QueueTopic: Int]) -> Duration {
        waiting.reduce(.zero) { $0 + mean(of: $1.key) * $1.value }
    }

    /// How many steps of a topic one thread can execute in a given time; none before the first step.
    func count(of topic: QueueTopic, in time: Duration) -> Int {
        guard time > .zero, let mean = means[topic] else { return 0 }
        return Int(min(time / mean, Double(WorkerSettings.largestBatch)))
    }
}

/// Pauses that double up to a maximum.
struct Pauses {
    private let range: ClosedRange<Duration>
    private var next: Duration

    init(_ range: ClosedRange<Duration>) {
        self.range = range
        next = range.lowerBound
    }

    mutating func take() -> Duration {
        defer { next = min(next * 2, range.upperBound) }
        return next
    }

    /// Restarts with the shortest pause.
    mutating func reset() {
        next = range.lowerBound
    }
}

/// An outage of the store.
struct StoreOutage {
    /// When it began; nil while the store works.
    private(set) var start: Duration?

    /// When to call the store again.
    private(set) var retryAt: Duration?

    /// The last error.
    private(set) var error: (any Error)?

    private var pauses: Pauses
    private let log: Log

    init(pauses: ClosedRange<Duration>, log: Log) {
        self.pauses = Pauses(pauses)
        self.log = log
    }

    /// Whether the store may be called.
    func allowsCall(at now: Duration) -> Bool {
        retryAt.map { $0 <= now } ?? true
    }

    /// Records a failed call.
    mutating func record(_ error: any Error, at now: Duration) {
        // Log once an outage, not once a retry.
        if start == nil { log.warning("worker.store_unavailable", ["error": String(reflecting: error)]) }
        start = start ?? now
        retryAt = now + pauses.take()
        self.error = error
    }

    /// Records a successful call.
    mutating func end() {
        guard start != nil else { return }
        log.info("worker.store_back")
        (start, retryAt, error) = (nil, nil, nil)
        pauses.reset()
    }
}
