import Base
import Core
public import Queue
import Runs
import System

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
    public var maintenanceInterval = Duration.seconds(10)

    /// How often it does so while there is nothing else to do.
    public var idleMaintenanceInterval = Duration.seconds(1)

    /// How long a step runs before the timeline is told that it has begun; shorter ones tell it with their end.
    public var recordStartAfter = Duration.seconds(1)

    /// How long results may wait for others.
    public var resultDelay = Duration.milliseconds(50)

    /// How many results do not wait any longer.
    public var resultBatch = 50

    /// How long a claimed step may have to wait for a thread.
    public var maxQueueTime = Duration.seconds(2)

    /// How long a worker that has nothing to lose goes on asking a store that does not answer, unless it is endless.
    public var storeOutageLimit = Duration.seconds(5)

    /// The first and the longest pause where there is nothing to do, or the store does not answer.
    public var pause = Duration.milliseconds(100)...Duration.seconds(2)

    /// What a worker of these topics does unless told otherwise.
    public init(topics: [QueueTopic]) {
        self.topics = topics
    }

    /// The most steps that one claim asks for.
    public static let largestBatch = 500
}

extension WorkerSettings {
    /// How many threads a worker may have.
    static var threadCounts: ClosedRange<Int> { 1...64 }

    /// What the operator wants of workers: of all tools, unless a call says otherwise.
    ///
    /// - Throws: `ConfigurationError` for the first variable that cannot be used.
    init(_ environment: Environment) throws(ConfigurationError) {
        self.init(topics: ToolName.executable.map(\.topic))
        threads = try environment.integer("NOFX_WORKER_THREADS", in: Self.threadCounts, default: threads)
        batch = try environment.optionalInteger("NOFX_WORKER_BATCH", in: 1...Self.largestBatch)
        if let seconds = try environment.optionalInteger("NOFX_WORKER_LEASE_SECONDS", in: 2...600) {
            setLease(.seconds(seconds))
        }
        grace = try environment.optionalInteger("NOFX_WORKER_GRACE_SECONDS", in: 0...3_600).map { .seconds($0) }
        tenantLimit = try environment.optionalInteger("NOFX_TEAM_LIMIT", in: 1...1_000_000)
        topicLimits = try Self.topicLimits(environment)
    }

    /// Has claims last for so long, and all that goes with it.
    private mutating func setLease(_ length: Duration) {
        lease = length
        heartbeat = length / 3
        maintenanceInterval = min(maintenanceInterval, length / 3)
        leaseMargin = min(leaseMargin, length / 4)
        answerLimit = min(answerLimit, length / 5)
    }

    /// Reads `NOFX_TOOL_LIMITS`.
    private static func topicLimits(_ environment: Environment) throws(ConfigurationError) -> [QueueTopic: Int] {
        let variable = "NOFX_TOOL_LIMITS"
        var limits: [QueueTopic: Int] = [:]
        for part in environment[variable]?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2, let tool = ToolName(String(words[0])), !tool.isGate, let limit = Int(words[1]),
                (1...1_000_000).contains(limit), limits.updateValue(limit, forKey: tool.topic) == nil
            else {
                throw ConfigurationError(variable, "must be tools and numbers, as in ai:generate=4,http:request=20")
            }
        }
        return limits
    }
}

extension Environment {
    /// The whole number that a variable holds; nil where it is not set.
    fileprivate func optionalInteger(
        _ name: String,
        in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
        self[name] == nil ? nil : try integer(name, in: range, default: range.lowerBound)
    }
}
