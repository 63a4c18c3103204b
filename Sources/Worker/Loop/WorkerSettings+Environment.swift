import Queue

internal import Base
internal import Core
internal import Runs
internal import System

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
        tending = min(tending, length / 3)
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
