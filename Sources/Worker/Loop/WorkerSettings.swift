import Base
import Core
public import Queue
import Runs
import System

/// The limits and intervals of a worker.
public struct WorkerSettings: Sendable {
    /// The topics to claim, in turn.
    public var topics: [QueueTopic]

    /// The number of steps that run at once.
    public var threads = 4

    /// The maximum number of steps before the worker ends; nil for no limit.
    public var maxSteps: Int?

    /// The percentage of the threads that the steps of one team may use at once.
    public var teamShare = 75

    /// What the worker has of what steps may need, sorted; see ``StepNeed``.
    public var abilities: @Sendable () -> [String] = { [] }

    /// The number of steps to claim at once; nil to derive it from the duration of earlier steps.
    public var batch: Int?

    /// Whether the worker waits for more steps when none is due.
    public var isEndless = false

    /// How long running steps may continue after a stop request; nil for as long as there is time.
    public var grace: Duration?

    /// The maximum number of running steps by topic, over all workers.
    public var topicLimits: [QueueTopic: Int] = [:]

    /// The maximum number of running steps of a topic for one team, over all workers; nil for no limit.
    public var tenantLimit: Int?

    /// How long a claim is valid without a heartbeat.
    public var lease = Duration.seconds(30)

    /// How long before the end of a lease the worker drops the step when heartbeats fail.
    ///
    /// It must be longer than the store takes to fail a call.
    public var leaseMargin = Duration.seconds(6)

    /// The time limit of a store call.
    public var answerLimit = Duration.seconds(5)

    /// The interval between heartbeats.
    public var heartbeat = Duration.seconds(10)

    /// The interval between maintenance calls.
    public var maintenanceInterval = Duration.seconds(10)

    /// The interval between maintenance calls while no step is due.
    public var idleMaintenanceInterval = Duration.seconds(1)

    /// How long a step runs before its begin is recorded, if it does not begin first; shorter steps are recorded with
    /// their end.
    public var recordStartAfter = Duration.milliseconds(100)

    /// How long results may wait to be reported together.
    public var resultDelay = Duration.milliseconds(50)

    /// The number of results that are reported without waiting.
    public var resultBatch = 50

    /// How long a claimed step may wait for a thread, as far as the worker can foresee.
    ///
    /// A thread that executes a step for longer is not expected to become free.
    public var maxQueueTime = Duration.milliseconds(250)

    /// How long a claimed step waits for a thread before it is returned to the queue.
    public var longestWait = Duration.seconds(1)

    /// The interval between notes of what the worker can do.
    public var noteInterval = Duration.seconds(30)

    /// How long a worker without steps retries an unavailable store before it ends, unless it is endless.
    public var storeOutageLimit = Duration.seconds(5)

    /// The first and the longest pause while no step is due, or the store is unavailable.
    public var pause = Duration.milliseconds(100)...Duration.seconds(2)

    /// Makes the default settings.
    public init(topics: [QueueTopic]) {
        self.topics = topics
    }

    /// How many threads the steps of one team may use at once: at least one.
    var teamThreads: Int { max(1, threads * teamShare / 100) }

    /// The maximum number of steps in a claim.
    public static let largestBatch = 500
}

extension WorkerSettings {
    static var threadCounts: ClosedRange<Int> { 1...64 }

    /// Reads the operator's settings; the worker claims all tools unless the call names some.
    ///
    /// - Throws: `ConfigurationError` for the first invalid variable.
    init(_ environment: Environment) throws(ConfigurationError) {
        self.init(topics: ToolName.executable.map(\.topic))
        threads = try environment.integer("NOFX_WORKER_THREADS", in: Self.threadCounts, default: threads)
        batch = try environment.optionalInteger("NOFX_WORKER_BATCH", in: 1...Self.largestBatch)
        if let seconds = try environment.optionalInteger("NOFX_WORKER_LEASE_SECONDS", in: 2...600) {
            setLease(.seconds(seconds))
        }
        grace = try environment.optionalInteger("NOFX_WORKER_GRACE_SECONDS", in: 0...3_600).map { .seconds($0) }
        teamShare = try environment.integer("NOFX_TEAM_SHARE", in: 1...100, default: teamShare)
        tenantLimit = try environment.optionalInteger("NOFX_TEAM_LIMIT", in: 1...1_000_000)
        topicLimits = try Self.topicLimits(environment)
    }

    /// Sets the length of leases and the intervals that depend on it.
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
    /// The integer in a variable; nil if it is not set.
    fileprivate func optionalInteger(
        _ name: String,
        in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
        self[name] == nil ? nil : try integer(name, in: range, default: range.lowerBound)
    }
}
