import Reliability

/// Why a step was not done.
public struct StepFailure: Error, Hashable, Sendable {
    /// Whether it may be tried again.
    public enum Retry: Hashable, Sendable {
        /// It would fail again.
        case never
        /// After the step's own wait.
        case later
        /// After the step's own wait, and not before so long.
        case notBefore(Duration)
    }

    /// A stable name for the kind of failure, such as `http_status`.
    public let code: String

    /// What a member of the team is told; no secret and no internals.
    public let message: String

    /// Whether it may be tried again.
    public let retry: Retry

    /// Describes a failure.
    public init(_ code: String, _ message: String, retry: Retry = .never) {
        self.code = code
        self.message = message
        self.retry = retry
    }
}
