public import Base
import Core
public import Reliability

/// The reason why a call to a provider has no usable answer.
public struct AIError: Error, Sendable {
    /// The kind of failure, which determines the code, the retry rule and the effect on the breaker.
    let cause: AIFailure

    /// The provider's name.
    public let provider: String

    /// The HTTP status of the provider's response; nil if there was no response.
    public let status: Int?

    /// The provider's ID of the request, which its support asks for.
    public let requestID: String?

    /// The retry advice in the response.
    public let retryAdvice: RetryAdvice

    /// The rate limits in the response.
    public let rateLimits: RateLimits?

    /// A completion that arrived and may be billed, although it is not usable.
    public internal(set) var completion: Completion?

    /// Whether part of the answer's text was passed to the caller before the failure.
    public var hasPartialOutput: Bool

    /// The time to wait before the next call, for failures that are not a response.
    var wait: Duration?

    /// All attempts of the failed call.
    public internal(set) var attempts: [CallAttempt] = []

    /// How many requests the call sent to providers.
    public internal(set) var requests = 0

    /// The providers that the call found closed for all calls: by their own circuit breaker, or with all of their keys.
    public internal(set) var closedProviders: [String] = []

    /// The error of the last request, where a circuit breaker rejected the attempts after it; nil in all other cases.
    public var ofLastRequest: AIError? { hidden.first }

    /// ``ofLastRequest`` as a list, because a value cannot contain itself.
    var hidden: [AIError] = []

    /// How long to wait before a retry; nil if unknown.
    public var retryAfter: RetryAfter? { wait.flatMap(RetryAfter.init) ?? retryAdvice.retryAfter }

    /// The message of the provider or the HTTP client, for logs.
    ///
    /// It never contains the key.
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

    /// The stable error code.
    public var code: Code { cause.handling.code }

    /// The effect on the circuit breaker of what the error concerns.
    public var breaker: BreakerEffect { cause.handling.breaker }

    /// What the error concerns: the provider, the key or the model.
    var level: AIFailure.Level { cause.level }

    /// The circuit breaker that rejected the attempt; nil if a request was sent.
    var rejectingBreaker: String?

    /// Whether the provider has another key, which may do for other models.
    var leavesKeys = false

    /// Whether the same provider may be retried.
    ///
    /// The client never retries after it passed on partial output, nor when the account's quota is exhausted.
    /// Otherwise the provider's header `x-should-retry` takes precedence.
    public var retry: RetryRule {
        let handling = cause.handling
        guard !hasPartialOutput, code != .quotaExhausted else { return .never }
        switch retryAdvice.shouldRetry {
        case true where status != nil: return handling.retry == .never ? .yes : handling.retry
        case false where status != nil: return .never
        default: return handling.retry
        }
    }

    /// Whether the server would stream an answer if it were not asked for the usage.
    var refusesStreamOptions: Bool { cause == .noStreamOptions }

    /// Whether the client may fall back to another provider.
    public var tryNextProvider: Bool {
        cause.handling.tryNextProvider && !hasPartialOutput
    }

    /// How often the same provider may be retried.
    public enum RetryRule: Sendable, Hashable {
        case never, once, yes
    }

    /// The effect of an error on a circuit breaker.
    public enum BreakerEffect: Sendable, Hashable {
        /// The provider failed.
        case failure

        /// The error says nothing about the provider's health.
        case neutral

        /// The provider is healthy, but asks for a cool-down.
        case limited(Limit)

        /// The provider answered.
        case success

        /// The provider refuses the key.
        case refused
    }

    /// The reason for a cool-down.
    public enum Limit: String, Sendable, Hashable {
        case rateLimited = "rate_limited"
        case quotaExhausted = "quota_exhausted"
    }
}

extension AIError: CustomStringConvertible, CustomDebugStringConvertible {
    /// A sentence that is safe to show to users.
    public var description: String { "\(provider): \(code.detail)" }

    /// ``description``, the status, the provider's request ID and its message, for logs.
    public var debugDescription: String {
        var text = "\(description) (\(code.rawValue)"
        if let status { text += ", status \(status)" }
        if let requestID { text += ", request \(requestID)" }
        text += ")"
        return message.isEmpty ? text : "\(text): \(message)"
    }
}

extension AIError {
    /// The error codes that programs may rely on.
    public enum Code: String, Sendable, CaseIterable {
        case notConfigured = "ai_not_configured"
        case circuitOpen = "ai_circuit_open"
        case budgetExceeded = "ai_budget_exceeded"
        case modelUnpriced = "ai_model_unpriced"
        case limitReached = "ai_limit_reached"
        case unreachable = "ai_unreachable"
        case tlsError = "ai_tls_error"
        case timeout = "ai_timeout"
        case connectionLost = "ai_connection_lost"
        case cancelled = "ai_cancelled"
        case badRequest = "ai_bad_request"
        case authFailed = "ai_auth_failed"
        case quotaExhausted = "ai_quota_exhausted"
        case forbidden = "ai_forbidden"
        case modelNotFound = "ai_model_not_found"
        case conflict = "ai_conflict"
        case contextTooLong = "ai_context_too_long"
        case rateLimited = "ai_rate_limited"
        case upstreamError = "ai_upstream_error"
        case overloaded = "ai_overloaded"
        case badEndpoint = "ai_bad_endpoint"
        case badResponse = "ai_bad_response"
        case truncated = "ai_truncated"
        case empty = "ai_empty"
        case refused = "ai_refused"
        case unexpectedStop = "ai_unexpected_stop"
        case schemaMismatch = "ai_schema_mismatch"

        /// A sentence about the error that is safe to show to users.
        public var detail: String {
            switch self {
            case .notConfigured: "The AI provider is not configured."
            case .circuitOpen: "The AI provider is not called at the moment: its circuit breaker is open."
            case .budgetExceeded: "The budget for AI calls is used up."
            case .modelUnpriced: "The model has no known price, and the team's budget allows only models with one."
            case .limitReached: "The team has reached its limit of requests or tokens per minute for the model."
            case .unreachable: "The AI provider cannot be reached."
            case .tlsError: "There is no trusted connection to the AI provider."
            case .timeout: "The AI provider did not answer in time."
            case .connectionLost: "The connection to the AI provider was lost."
            case .cancelled: "The AI call was cancelled."
            case .badRequest: "The AI provider does not accept the request."
            case .authFailed: "The AI provider does not accept the key."
            case .quotaExhausted: "The AI provider's account has no money or quota left."
            case .forbidden: "The AI provider does not allow this."
            case .modelNotFound: "The AI provider does not have this model."
            case .conflict: "The AI provider reports a conflict with another request."
            case .contextTooLong: "The prompt is too long for the model."
            case .rateLimited: "The AI provider allows no more requests for now."
            case .upstreamError: "The AI provider has an internal error."
            case .overloaded: "The AI provider is overloaded."
            case .badEndpoint: "There is no AI provider at the configured address."
            case .badResponse: "The AI provider's answer cannot be understood."
            case .truncated: "The AI provider's answer is incomplete."
            case .empty: "The AI provider's answer is empty."
            case .refused: "The model refused to answer."
            case .unexpectedStop: "The model stopped for a reason that cannot be followed."
            case .schemaMismatch: "The model's answer does not have the form that was asked for."
            }
        }
    }

    /// The error as a problem for the caller of our API.
    ///
    /// It never repeats the provider's text. It says after how many seconds to retry, if that is known. An invalid
    /// request is described in our own words.
    public var problem: Problem {
        var members = ["provider": provider]
        if code == .budgetExceeded { members["period"] = message }
        if code == .refused, let category = completion?.refusalCategory { members["category"] = category }
        return Problem(
            status: cause.handling.status,
            code: code.rawValue,
            detail: cause == .unsupported && !message.isEmpty
                ? "The AI provider cannot be asked: \(message)." : code.detail,
            members: members,
            retryAfter: retryAfter?.delay.wholeSeconds
        )
    }
}
