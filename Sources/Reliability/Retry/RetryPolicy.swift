public import Base
public import System

/// How often failed work is retried, and how long to wait before each retry.
///
/// The n-th wait is `base` times `factor` to the power of n - 1, at most `cap`. A part of it, given by `jitter`, is
/// random. A wait that the server asks for applies if it is longer, up to `maxRetryAfter`.
public struct RetryPolicy: Hashable, Sendable {
    /// The number of retries after the first attempt.
    public let maxRetries: Int

    public let base: Duration

    /// The factor by which each wait is longer than the previous one.
    public let factor: Int

    /// The longest backoff.
    public let cap: Duration

    /// The random part of a wait.
    public let jitter: RetryJitter

    /// The longest wait that a server may ask for.
    ///
    /// If it asks for a longer wait, the work is not retried.
    public let maxRetryAfter: Duration

    /// Three retries after 2, 4 and 8 s, half of each wait random; a server may ask for up to a minute.
    public static let standard = RetryPolicy(unchecked: 3)

    public static let never = RetryPolicy(unchecked: 0)

    /// Makes a policy.
    ///
    /// - Throws: ``RetryPolicyError`` for a negative number or duration, a factor below one, or a cap below the base.
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

    /// The wait before a retry, without jitter.
    ///
    /// The first retry has number 1.
    public func backoff(beforeRetry number: Int) -> Duration {
        let cap = cap.nanosecondsClamped
        var delay = base.nanosecondsClamped
        var exponent = max(number, 1) - 1
        // A wait that cannot grow needs no loop over all retries.
        while exponent > 0, delay > 0, delay < cap, factor > 1 {
            let (product, overflow) = delay.multipliedReportingOverflow(by: UInt64(factor))
            delay = overflow ? .max : product
            exponent -= 1
        }
        return .nanoseconds(Int64(clamping: min(delay, cap)))
    }
}

/// The random part of a backoff, so that clients that failed together do not retry together.
public enum RetryJitter: Hashable, Sendable {
    /// No random part: exactly the backoff.
    case none
    /// Between half the backoff and the backoff.
    case equal
    /// Between zero and the backoff.
    case full
}

/// A parameter of a policy is invalid.
public struct RetryPolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The parameter's name.
    public let parameter: String

    /// The rule for the parameter.
    ///
    /// It never repeats the invalid value.
    public let rule: String

    init(_ parameter: String, _ rule: String) {
        self.parameter = parameter
        self.rule = rule
    }

    public var description: String { "\(parameter): \(rule)" }
}

extension RetryPolicy {
    /// Reads the policy from environment variables, which all have defaults.
    ///
    /// `NOFX_RETRY_MAX` is the number of retries (0 to 10), `NOFX_RETRY_BASE_MS` the first wait and
    /// `NOFX_RETRY_CAP_MS` the longest wait (0 to 3,600,000).
    ///
    /// - Throws: `ConfigurationError` for an invalid value, or a cap below the base.
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
