import Base

/// How often something is tried again, and how long to wait before it is.
///
/// The n-th wait is `base` times `factor` to the power of n - 1, never more than `cap`, of which `jitter` leaves a
/// part to chance. A wait that the server asks for counts where it is longer, up to `maxRetryAfter`.
public struct RetryPolicy: Hashable, Sendable {
    /// How often it is tried again after the first time.
    public let maxRetries: Int

    /// The first wait.
    public let base: Duration

    /// What each further wait is multiplied by.
    public let factor: Int

    /// The longest wait of its own accord.
    public let cap: Duration

    /// How much of a wait is left to chance.
    public let jitter: RetryJitter

    /// The longest wait that a server may ask for; beyond it there is no further attempt.
    public let maxRetryAfter: Duration

    /// Three retries after 2, 4 and 8 s, half of that at random, and a server waited for up to a minute.
    public static let standard = RetryPolicy(unchecked: 3)

    /// No retry at all.
    public static let never = RetryPolicy(unchecked: 0)

    /// Makes a policy.
    ///
    /// - Throws: ``RetryPolicyError`` for a negative number or duration, a factor below one, and a cap below the base.
    public init(
        maxRetries: Int = 3,
        base: Duration = .seconds(2),
        factor: Int = 2,
        cap: Duration = .seconds(15),
        jitter: RetryJitter = .equal,
        maxRetryAfter: Duration = .seconds(60)
    ) throws(RetryPolicyError) {
        guard maxRetries >= 0 else { throw RetryPolicyError("maxRetries", "must not be negative") }
        guard base >= .zero else { throw RetryPolicyError("base", "must not be negative") }
        guard factor >= 1 else { throw RetryPolicyError("factor", "must be at least 1") }
        guard cap >= base else { throw RetryPolicyError("cap", "must not be less than the base") }
        guard maxRetryAfter >= .zero else { throw RetryPolicyError("maxRetryAfter", "must not be negative") }
        self.maxRetries = maxRetries
        self.base = base
        self.factor = factor
        self.cap = cap
        self.jitter = jitter
        self.maxRetryAfter = maxRetryAfter
    }

    private init(unchecked maxRetries: Int) {
        self.maxRetries = maxRetries
        base = .seconds(2)
        factor = 2
        cap = .seconds(15)
        jitter = .equal
        maxRetryAfter = .seconds(60)
    }

    /// The wait before a retry, the first one being number 1, before chance has its part.
    public func backoff(beforeRetry number: Int) -> Duration {
        let cap = cap.nanosecondsClamped
        var delay = base.nanosecondsClamped
        var exponent = max(number, 1) - 1
        // A delay that does not grow would be multiplied for as long as anybody cares to retry.
        while exponent > 0, delay > 0, delay < cap, factor > 1 {
            let (product, overflow) = delay.multipliedReportingOverflow(by: UInt64(factor))
            delay = overflow ? .max : product
            exponent -= 1
        }
        return .nanoseconds(Int64(clamping: min(delay, cap)))
    }
}
