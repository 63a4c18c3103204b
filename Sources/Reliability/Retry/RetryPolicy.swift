public import Base
public import System

/// How often failed work is retried, and how long to wait before each retry.
///
/// The n-th wait is `base` times `factor` to the power of n - 1, never more than `cap`, of which `jitter` leaves a
/// part to chance. A wait that the server asks for counts where it is longer, up to `maxRetryAfter`.
public struct RetryPolicy: Hashable, Sendable {
    /// The number of retries after the first attempt.
    public let maxRetries: Int

    /// The first wait.
    public let base: Duration

    /// What each further wait is multiplied by.
    public let factor: Int

    /// The longest backoff.
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
        // A delay that does not grow would be multiplied for every retry.
        while exponent > 0, delay > 0, delay < cap, factor > 1 {
            let (product, overflow) = delay.multipliedReportingOverflow(by: UInt64(factor))
            delay = overflow ? .max : product
            exponent -= 1
        }
        return .nanoseconds(Int64(clamping: min(delay, cap)))
    }
}

/// How much of a backoff is random, so that clients that failed together do not retry together.
public enum RetryJitter: Hashable, Sendable {
    /// Nothing: the whole delay.
    case none
    /// Half of it: between half the delay and the delay.
    case equal
    /// All of it: between nothing and the delay.
    case full
}

/// An invalid policy, and its invalid parameter.
public struct RetryPolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The parameter's name.
    public let parameter: String

    /// What its value must be; never what it is.
    public let rule: String

    init(_ parameter: String, _ rule: String) {
        self.parameter = parameter
        self.rule = rule
    }

    public var description: String { "\(parameter): \(rule)" }
}

extension RetryPolicy {
    /// The policy that an operator sets, by variables that all have defaults.
    ///
    /// `NOFX_RETRY_MAX` is how often it is tried again (0 to 10), `NOFX_RETRY_BASE_MS` the first wait and
    /// `NOFX_RETRY_CAP_MS` the longest one (0 to 3,600,000).
    ///
    /// - Throws: `ConfigurationError` for a variable that holds something else, or a cap below the base.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let hour = 3_600_000
        let retries = try environment.integer("NOFX_RETRY_MAX", in: 0...10, default: 3)
        let base = try environment.integer("NOFX_RETRY_BASE_MS", in: 0...hour, default: 2_000)
        let cap = try environment.integer("NOFX_RETRY_CAP_MS", in: 0...hour, default: 15_000)
        do throws(RetryPolicyError) {
            try self.init(maxRetries: retries, base: .milliseconds(base), cap: .milliseconds(cap))
        } catch {
            throw ConfigurationError("NOFX_RETRY_CAP_MS", "must not be less than NOFX_RETRY_BASE_MS")
        }
    }
}
