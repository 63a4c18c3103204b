/// What is to be done after an attempt that failed, as whoever knows the error decides.
public enum RetryDecision: Hashable, Sendable {
    /// The error would come again, or a repetition would do harm.
    case stop

    /// It is worth another attempt, not before the time the server asks for.
    case retry(after: RetryAfter? = nil)

    /// As ``retry(after:)``, but not more often than this in one run, however many the policy allows. All errors so
    /// decided share one count.
    case retryAtMost(Int, after: RetryAfter? = nil)
}
