public import Base
import Core
import Reliability

extension AIError {
    /// What programs may rely on.
    public enum Code: String, Sendable, CaseIterable {
        case notConfigured = "ai_not_configured"
        case circuitOpen = "ai_circuit_open"
        case budgetExceeded = "ai_budget_exceeded"
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

        /// What happened, as a sentence that can be shown to anybody.
        public var detail: String {
            switch self {
            case .notConfigured: "The AI provider is not configured."
            case .circuitOpen: "The AI provider is not called at the moment: its circuit breaker is open."
            case .budgetExceeded: "The budget for AI calls is used up."
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

    /// The error as our own caller sees it.
    ///
    /// It says nothing that the provider said, and after how many seconds trying again makes sense if anybody knows. What
    /// cannot be asked to begin with is told in our own words.
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
