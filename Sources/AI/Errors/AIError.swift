import Core
public import Reliability

/// Why a call to a provider has no answer that can be used.
public struct AIError: Error, Sendable {
    /// What happened; everything else follows from it.
    let cause: AIFailure

    /// The provider's name.
    public let provider: String

    /// The HTTP status of the provider's answer; nil when there was none.
    public let status: Int?

    /// The provider's name of the request, which its support asks for.
    public let requestID: String?

    /// What the answer says about trying again.
    public let retryAdvice: RetryAdvice

    /// What the answer says about limits.
    public let rateLimits: RateLimits?

    /// What came and may have to be paid for although it cannot be used.
    public internal(set) var completion: Completion?

    /// Whether some text of the answer was handed on before it failed.
    public var hasPartialOutput: Bool

    /// How long nothing is worth trying, where it is not the answer that says so.
    var wait: Duration?

    /// Every attempt of the call that ended so.
    public internal(set) var attempts: [CallAttempt] = []

    /// How long to wait before trying again makes sense; nil where nobody says.
    public var retryAfter: RetryAfter? { wait.flatMap(RetryAfter.init) ?? retryAdvice.retryAfter }

    /// What the provider, or the HTTP client, says about it; for logs, and without the key.
    let message: String

    init(
        _ cause: AIFailure,
        provider: String,
        status: Int? = nil,
        requestID: String? = nil,
        retryAdvice: RetryAdvice = .none,
        rateLimits: RateLimits? = nil,
        completion: Completion? = nil,
        hasPartialOutput: Bool = false,
        message: String = ""
    ) {
        self.cause = cause
        self.provider = provider
        self.status = status
        self.requestID = requestID
        self.retryAdvice = retryAdvice
        self.rateLimits = rateLimits
        self.completion = completion
        self.hasPartialOutput = hasPartialOutput
        self.message = message
    }

    /// The stable name of the error.
    public var code: Code { cause.handling.code }

    /// What the provider's circuit breaker should make of it.
    public var breaker: BreakerEffect { cause.handling.breaker }

    /// Whether the same provider may be asked again.
    ///
    /// What was handed on cannot be taken back, and who is out of money stays so. Otherwise the provider's own word
    /// on it, `x-should-retry`, wins.
    public var retry: RetryRule {
        let handling = cause.handling
        guard !hasPartialOutput, code != .quotaExhausted else { return .never }
        switch retryAdvice.shouldRetry {
        case true where status != nil: return handling.retry == .never ? .yes : handling.retry
        case false where status != nil: return .never
        default: return handling.retry
        }
    }

    /// Whether another provider may be asked instead.
    public var tryNextProvider: Bool {
        cause.handling.tryNextProvider && !hasPartialOutput
    }

    /// How often the same provider may be asked again.
    public enum RetryRule: Sendable, Hashable {
        case never, once, yes
    }

    /// What a circuit breaker should make of an error.
    public enum BreakerEffect: Sendable, Hashable {
        /// The provider is not well.
        case failure

        /// It says nothing about the provider.
        case neutral

        /// The provider is well but wants no calls for a while.
        case limited(Limit)

        /// The provider did its work.
        case success
    }

    /// Why a provider wants no calls for a while.
    public enum Limit: String, Sendable, Hashable {
        case rateLimited = "rate_limited"
        case quotaExhausted = "quota_exhausted"
    }
}

extension AIError: CustomStringConvertible, CustomDebugStringConvertible {
    /// A sentence that can be shown to anybody.
    public var description: String { "\(provider): \(code.detail)" }

    /// ``description``, the status, the provider's name of the request and its own words, for logs.
    public var debugDescription: String {
        var text = "\(description) (\(code.rawValue)"
        if let status { text += ", status \(status)" }
        if let requestID { text += ", request \(requestID)" }
        text += ")"
        return message.isEmpty ? text : "\(text): \(message)"
    }
}
