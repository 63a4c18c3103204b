/// What came of cancelling a job.
public enum JobCancellation: Hashable, Sendable {
    /// Nobody had claimed it: it is gone.
    case removed
    /// Somebody works on it, and learns of it with the next heartbeat. It will not be tried again.
    case requested
    /// There is no such job, or it is dead.
    case unknown
}
