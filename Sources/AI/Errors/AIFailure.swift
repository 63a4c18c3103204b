import Base
internal import HTTPClient

/// The kinds of failure; there is one case for each way to handle a failure.
enum AIFailure: Sendable, Hashable, CaseIterable {
    // Caused on our side.
    case notConfigured
    case circuitOpen
    case budgetExceeded
    case modelUnpriced
    case limitReached
    case cancelled
    case outOfTime
    case unsupported
    case clientFailed

    // Caused by the connection.
    case unresolved
    case refusedConnection
    case untrusted
    case handshakeFailed
    case connectTimeout
    case noAnswer
    case stalled
    case connectionLost

    // Reported by the provider.
    case badRequest
    case invalidContent
    case noStreamOptions
    case authFailed
    case modelAuthFailed
    case quotaExhausted
    case forbidden
    case modelNotFound
    case requestTimeout
    case conflict
    case contextTooLong
    case rateLimited
    case internalError
    case unavailable
    case gatewayTimeout
    case overloaded
    case redirected
    case contentRefused

    // Caused by the content of the answer.
    case unreadable
    case cut
    case empty
    case refused
    case unexpectedStop
    case schemaMismatch
}

extension AIFailure {
    /// Classifies a provider's error: by its message in the cases that ``Phrase`` lists, then by its exact code, its type
    /// and the HTTP status.
    init(_ body: ErrorBody, in context: ResponseContext) {
        // An error with a success status states its severity in the body.
        let isDisguised = (200...299).contains(context.status)
        let status = isDisguised ? body.status : context.status
        if let cause = Self(message: body.message, status: status) {
            self = cause
        } else if let cause = Self(word: body.code) ?? Self(word: body.type), cause.fits(status) {
            self = cause
        } else if let status {
            self.init(status: status)
        } else {
            self = Self(kind: body.type) ?? Self(kind: body.code) ?? .internalError
        }
        // Anthropic states when a rate limit resets. A 429 without that header means that the account's quota is
        // exhausted.
        if self == .rateLimited, context.status == 429, context.isAnthropicWithoutLimits { self = .quotaExhausted }
    }

    /// Classifies a code or type whose meaning does not depend on the status.
    private init?(word: String?) {
        switch word {
        case "insufficient_quota", "credit_balance_exhausted", "billing_error", "billing_hard_limit_reached",
            "enforced_spend_limit_reached", "contract_spend_limit_reached", "linked_organization_spend_limit_reached",
            "exceeded_current_quota_error", "budget_exceeded", "Arrearage":
            self = .quotaExhausted
        case let word? where word.hasSuffix("_spend_limit_exceeded") || word.hasSuffix("_usage_limit_exceeded"):
            self = .quotaExhausted
        case "invalid_api_key", "authentication_error", "invalid_authentication_error", "account_deactivated",
            "expired_key":
            self = .authFailed
        // LiteLLM's words for a model that the key may not use, also with the status 401.
        case "key_model_access_denied", "team_model_access_denied", "user_model_access_denied",
            "org_model_access_denied":
            self = .forbidden
        case "rate_limit_exceeded", "slow_down", "ramp_limit_exceeded":
            self = .rateLimited
        case "context_length_exceeded", "request_too_large", "exceed_context_size_error":
            self = .contextTooLong
        case "content_policy_violation", "content_filter", "bio_policy", "misalignment_policy_violation",
            "data_inspection_failed":
            self = .contentRefused
        case "model_not_found", "model_not_available", "model_decommissioned", "invalid_model":
            self = .modelNotFound
        case "overloaded_error", "server_is_overloaded":
            self = .overloaded
        default:
            return nil
        }
    }

    /// Whether the cause is consistent with the status: a 5xx is not a client's error, nor a 4xx the server's.
    private func fits(_ status: Int?) -> Bool {
        guard let status else { return true }
        return self == .overloaded ? status >= 429 : (400...499).contains(status)
    }

    /// Classifies by HTTP status.
    private init(status: Int) {
        self =
            switch status {
            case 300...399: .redirected
            case 401: .authFailed
            case 402: .quotaExhausted
            case 403: .forbidden
            case 404: .modelNotFound
            case 408: .requestTimeout
            case 409: .conflict
            case 413: .contextTooLong
            case 422: .invalidContent
            case 429: .rateLimited
            // 520 to 530 are Cloudflare's words for a host that is down or does not answer.
            case 502, 503, 520...523, 525...527, 530: .unavailable
            case 504, 524: .gatewayTimeout
            // Too Early (RFC 8470), and Groq's word for a full tier.
            case 425, 498, 529: .overloaded
            case 400...499: .badRequest
            default: .internalError
            }
    }

    /// Classifies by error type, for errors without a status.
    private init?(kind: String?) {
        switch kind {
        case "invalid_request_error", "invalid_prompt": self = .badRequest
        case "permission_error": self = .forbidden
        case "not_found_error": self = .modelNotFound
        case "conflict_error": self = .conflict
        case "rate_limit_error": self = .rateLimited
        case "timeout_error": self = .gatewayTimeout
        case "service_unavailable_error": self = .unavailable
        case "api_error", "server_error": self = .internalError
        default: return nil
        }
    }
}

extension AIFailure {
    /// Classifies a response that is too large: an error keeps the meaning of its status.
    private init(oversized status: Int?) {
        guard let status, status >= 300 else {
            self = .unreadable
            return
        }
        self.init(status: status)
    }

    /// Classifies a request that got no response.
    init(_ error: HTTPError) {
        self =
            switch error.kind {
            case .invalidRequest: .unsupported
            case .couldNotResolve: .unresolved
            case .couldNotConnect: error.hasTimedOut ? .connectTimeout : .refusedConnection
            // Operators choose the providers, and the client of providers has no egress restriction.
            case .forbiddenAddress: .unsupported
            case .untrusted: .untrusted
            case .tls: .handshakeFailed
            case .timeout: error.hadAnswer ? .stalled : .noAnswer
            case .cancelled: .cancelled
            case .connectionLost: .connectionLost
            case .tooLarge: Self(oversized: error.phase.status)
            case .invalidResponse: .unreadable
            case .failed: .clientFailed
            }
    }
}
