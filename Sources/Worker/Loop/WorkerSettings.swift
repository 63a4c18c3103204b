import Core
public import Queue

/// How much a worker takes on, and when it looks after what.
public struct WorkerSettings: Sendable {
    /// What it claims, in turn.
    public var topics: [QueueTopic]

    /// How many steps it does at once.
    public var threads = 4

    /// How many steps it does before it ends; nil for any number.
    public var maxSteps: Int?

    /// How many steps it asks for at once; nil for what its threads do in a few seconds.
    public var batch: Int?

    /// Whether it waits for more when there is nothing to do.
    public var isEndless = false

    /// How long steps may go on once the worker was asked to end; nil for as long as there is time.
    public var grace: Duration?

    /// How many steps of a topic may be under way at once, in all workers.
    public var topicLimits: [QueueTopic: Int] = [:]

    /// How many steps of a topic may be under way at once for one team, in all workers; nil for any number.
    public var tenantLimit: Int?

    /// How long a claim lasts without a heartbeat.
    public var lease = Duration.seconds(30)

    /// How long before the end of their leases steps are given up when heartbeats fail: longer than the store may take
    /// to say that it fails.
    public var leaseMargin = Duration.seconds(6)

    /// How long the store may take to answer.
    public var answerLimit = Duration.seconds(5)

    /// How often leases are made to last.
    public var heartbeat = Duration.seconds(10)

    /// How often the worker sees to what others left behind, and to what was delayed.
    public var tending = Duration.seconds(10)

    /// How often it does so while there is nothing else to do.
    public var idleTending = Duration.seconds(1)

    /// How long a step runs before the timeline is told that it has begun; shorter ones tell it with their end.
    public var noteAfter = Duration.seconds(1)

    /// How long results may wait for others.
    public var gathering = Duration.milliseconds(50)

    /// How many results do not wait any longer.
    public var gathered = 50

    /// How long a claimed step may have to wait for a thread.
    public var patience = Duration.seconds(2)

    /// How long a worker that has nothing to lose goes on asking a store that does not answer, unless it is endless.
    public var storePatience = Duration.seconds(5)

    /// The first and the longest pause where there is nothing to do, or the store does not answer.
    public var pause = Duration.milliseconds(100)...Duration.seconds(2)

    /// What a worker of these topics does unless told otherwise.
    public init(topics: [QueueTopic]) {
        self.topics = topics
    }

    /// The most steps that one claim asks for.
    public static let largestBatch = 500
}
