public import Base

/// The counts of what a worker did.
public struct WorkerReport: OutputObject, Hashable, Sendable {
    /// Attempts, whatever their outcome.
    public internal(set) var processed = 0

    /// Steps that succeeded.
    public internal(set) var succeeded = 0

    /// Attempts that failed or timed out.
    public internal(set) var failed = 0

    /// Steps that ended because their runs were cancelled.
    public internal(set) var cancelled = 0

    /// Attempts that the worker stopped because it had to end.
    public internal(set) var interrupted = 0

    /// Steps that were returned to the queue without an attempt.
    public internal(set) var released = 0

    /// Steps whose lease was lost, or that the worker dropped before it could be.
    public internal(set) var lost = 0

    /// Due steps whose time limit exceeds the worker's time, also at its start.
    public internal(set) var tooLong = 0

    /// Whether another call could execute steps now.
    public internal(set) var more = false

    /// Zero counts.
    public init() {}

    public static let fields: [OutputField<WorkerReport>] = [
        OutputField("processed", "The number of attempts, whatever their outcome.") { $0.processed },
        OutputField("succeeded", "The number of steps that succeeded.") { $0.succeeded },
        OutputField("failed", "The number of attempts that failed or timed out; some are retried.") { $0.failed },
        OutputField("cancelled", "The number of steps that ended because their runs were cancelled.") { $0.cancelled },
        OutputField("interrupted", "The number of attempts that the worker stopped because it had to end.") {
            $0.interrupted
        },
        OutputField("released", "The number of steps returned to the queue without an attempt.") { $0.released },
        OutputField("lost", "The number of steps whose lease the worker lost.") { $0.lost },
        OutputField("tooLong", "The number of due steps whose time limit exceeds the worker's time.") { $0.tooLong },
        OutputField("more", "Whether another call could execute steps now.") { $0.more },
    ]
}
