public import Base

/// What a worker did.
public struct WorkerReport: OutputObject, Hashable, Sendable {
    /// Steps that were tried, however it ended.
    public internal(set) var processed = 0

    /// Steps that were done.
    public internal(set) var succeeded = 0

    /// Attempts that failed or took too long.
    public internal(set) var failed = 0

    /// Steps that ended because their runs were cancelled.
    public internal(set) var cancelled = 0

    /// Steps that were given back without having been tried.
    public internal(set) var released = 0

    /// Steps that were not the worker's any more when it had done them, or that it gave up before.
    public internal(set) var lost = 0

    /// Whether there may be more to do right now.
    public internal(set) var more = false

    /// Nothing done yet.
    public init() {}

    public static let fields: [OutputField<WorkerReport>] = [
        OutputField("processed", "How many steps were tried, however it ended.") { $0.processed },
        OutputField("succeeded", "How many were done.") { $0.succeeded },
        OutputField("failed", "How many attempts failed or took too long; some are tried again.") { $0.failed },
        OutputField("cancelled", "How many ended because their runs were cancelled.") { $0.cancelled },
        OutputField("released", "How many were given back untried.") { $0.released },
        OutputField("lost", "How many were somebody else's in the end.") { $0.lost },
        OutputField("more", "Whether there may be more to do right now.") { $0.more },
    ]
}
