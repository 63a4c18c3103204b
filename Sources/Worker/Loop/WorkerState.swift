import Base
import Core
import Queue
import Runs

/// A step that waits for a thread.
struct Assignment: Sendable {
    let step: ClaimedStep
    let topic: QueueTopic
}

/// A step that a thread is doing.
struct Attempt: Sendable {
    let cancellation = Cancellation()

    /// When it began.
    let start: Duration

    /// Whether the timeline was told.
    var isRecorded = false
}

/// What a worker keeps of a step that is its own.
struct HeldStep {
    let topic: QueueTopic

    /// When the claim or heartbeat was sent that the store took last: the lease lasts from then on at least.
    var keptAt: Duration

    /// Whether it is to show whether a circuit is closed again.
    var isProbe = false

    /// Whether its run was cancelled.
    var isCancelled = false

    /// Whether the worker stopped it because it has no more time.
    var isStopped = false

    /// Whether its result is known.
    var isFinished = false
}

/// What a worker knows of one of its topics.
struct TopicState {
    let topic: QueueTopic

    /// When it is asked again, after there was nothing; `.zero` for at once.
    var nextClaim = Duration.zero

    /// How long until then.
    var pauses: Pauses

    /// After how many rounds of results there was nothing; nil when there was something.
    var emptyRound: Int?

    /// Until when a circuit is known to be open.
    var pausedUntil: Duration?

    /// Whether one step is to show first whether the circuit is closed again.
    var isProbing = false

    /// How many to ask for at most, because the last time there was no time for some.
    var fitting: Int?

    /// Whether there was no time for any.
    var isTooLong = false

    /// Whether it takes no part: its circuit is open, or its steps take too long.
    func isPaused(at now: Duration) -> Bool {
        isTooLong || pausedUntil.map { $0 > now } ?? false
    }
}

/// How long steps take, by topic, and so how many are worth having.
struct StepPace {
    private var means: [QueueTopic: Duration] = [:]

    /// What a step is thought to take that nobody has seen.
    private static let guess = Duration.seconds(1)

    /// Shorter than any step, so that dividing by it makes sense.
    private static let shortest = Duration.microseconds(1)

    /// How long a step of a topic takes.
    func mean(of topic: QueueTopic) -> Duration { means[topic] ?? Self.guess }

    /// Takes note of a step: the last few count most.
    mutating func note(_ took: Duration, of topic: QueueTopic) {
        let took = max(took, Self.shortest)
        guard let mean = means[topic] else {
            means[topic] = took
            return
        }
        means[topic] = max(mean + (took - mean) / 8, Self.shortest)
    }

    /// How long all threads together need for steps that wait.
    func work(_ waiting: [QueueTopic: Int]) -> Duration {
        waiting.reduce(.zero) { $0 + mean(of: $1.key) * $1.value }
    }

    /// How many steps of a topic can be done in so much time, by one thread.
    func count(of topic: QueueTopic, in time: Duration) -> Int {
        guard time > .zero else { return 0 }
        return Int(min(time / mean(of: topic), Double(WorkerSettings.largestBatch)))
    }
}

/// Pauses that become longer, each twice as long as the one before.
struct Pauses {
    private let range: ClosedRange<Duration>
    private var next: Duration

    init(_ range: ClosedRange<Duration>) {
        self.range = range
        next = range.lowerBound
    }

    /// The next pause.
    mutating func take() -> Duration {
        defer { next = min(next * 2, range.upperBound) }
        return next
    }

    /// Begins again with the shortest one.
    mutating func reset() {
        next = range.lowerBound
    }
}

/// The time during which a store does not answer.
struct StoreOutage {
    /// When it began; nil while the store works.
    private(set) var start: Duration?

    /// When the store is asked again.
    private(set) var retryAt: Duration?

    /// What went wrong last.
    private(set) var error: (any Error)?

    private var pauses: Pauses
    private let log: Log

    init(pauses: ClosedRange<Duration>, log: Log) {
        self.pauses = Pauses(pauses)
        self.log = log
    }

    /// Whether the store is worth asking.
    func allowsCall(at now: Duration) -> Bool {
        retryAt.map { $0 <= now } ?? true
    }

    /// Takes note of a failure.
    mutating func note(_ error: any Error, at now: Duration) {
        // Said once, not with every try while it lasts.
        if start == nil { log.warning("worker.store_unavailable", ["error": String(reflecting: error)]) }
        start = start ?? now
        retryAt = now + pauses.take()
        self.error = error
    }

    /// Takes note of an answer.
    mutating func end() {
        guard start != nil else { return }
        log.info("worker.store_back")
        (start, retryAt, error) = (nil, nil, nil)
        pauses.reset()
    }
}
