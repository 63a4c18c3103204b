public import Base
public import Queue

/// A claim of steps, with what the worker can do and cannot do now.
public struct StepClaim: Sendable {
    /// The topic, the number of steps and the length of the lease.
    public let job: JobClaim

    /// The teams whose steps to leave out, because they use their share of the worker's threads.
    public var except: [UUID] = []

    /// The maximum number of steps of one team; nil for no limit.
    public var share: Int?

    /// The time limits of steps for which there is time, in seconds; 0 is the default, which the worker cuts.
    public var timeouts = StepClaim.anyTimeouts

    /// What the worker has of what steps may need; see ``StepNeed``.
    public var abilities: [String] = []

    /// The range of all time limits.
    public static let anyTimeouts = 0...Int(Int32.max)

    /// Makes a claim of steps of any length and of all teams, without special needs.
    public init(_ job: JobClaim) {
        self.job = job
    }
}

/// What a kind of worker can do.
public struct WorkerKind: Sendable {
    /// The topics that it claims.
    public let topics: [QueueTopic]

    /// What it has of what steps may need, sorted.
    public let abilities: [String]

    /// The longest time limit for which it has time, in seconds.
    public let longest: Int
}

/// The due steps that a worker leaves.
public struct StepBacklog: Sendable {
    /// Whether another call of the worker could execute some.
    public var hasMore = false

    /// The number of steps whose time limit exceeds the worker's whole time, by topic; counted up to a limit.
    public var tooLong: [QueueTopic: Int] = [:]

    /// Nothing.
    public init() {}
}
