import Base

extension AIFailure {
    /// Classifies an error that a provider reports: by what it says exactly, then by the kind, then by the status.
    ///
    /// The message decides only between a bad prompt and one that is too long, which some providers say nowhere else.
    init(_ body: ErrorBody, in context: ResponseContext) {
        // An error beside a status of success says in other ways how bad it is.
        let isDisguised = (200...299).contains(context.status)
        let status = isDisguised ? body.status : context.status
        if let cause = Self(word: body.code) ?? Self(word: body.type), cause.fits(status) {
            self = cause
        } else if let status {
            self.init(status: status)
        } else {
            self = Self(kind: body.type) ?? Self(kind: body.code) ?? .internalError
        }
        if self == .badRequest, body.saysTooLong { self = .contextTooLong }
        // Anthropic says until when it limits a rate; without a word on that, the money is used up.
        if self == .rateLimited, context.status == 429, context.isAnthropicWithoutLimits { self = .quotaExhausted }
    }

    /// What is said exactly, whatever the status.
    private init?(word: String?) {
        switch word {
        case "insufficient_quota", "credit_balance_exhausted", "billing_error", "billing_hard_limit_reached",
            "enforced_spend_limit_reached", "contract_spend_limit_reached", "linked_organization_spend_limit_reached":
            self = .quotaExhausted
        case let word? where word.hasSuffix("_spend_limit_exceeded") || word.hasSuffix("_usage_limit_exceeded"):
            self = .quotaExhausted
        case "rate_limit_exceeded", "slow_down", "ramp_limit_exceeded":
            self = .rateLimited
        case "context_length_exceeded", "request_too_large":
            self = .contextTooLong
        case "content_policy_violation", "content_filter", "bio_policy", "misalignment_policy_violation":
            self = .contentRefused
        case "model_not_found":
            self = .modelNotFound
        case "overloaded_error", "server_is_overloaded":
            self = .overloaded
        default:
            return nil
        }
    }

    /// A server's trouble is not explained by a client's mistake, nor the other way round.
    private func fits(_ status: Int?) -> Bool {
        guard let status else { return true }
        return self == .overloaded ? status >= 429 : (400...499).contains(status)
    }

    /// What happened, by the HTTP status.
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
            case 504: .gatewayTimeout
            case 529: .overloaded
            case 400...499: .badRequest
            default: .internalError
            }
    }

    /// What happened, by the kind of error, where there is no status to go by.
    private init?(kind: String?) {
        switch kind {
        case "invalid_request_error", "invalid_prompt": self = .badRequest
        case "authentication_error", "invalid_api_key": self = .authFailed
        case "permission_error": self = .forbidden
        case "not_found_error": self = .modelNotFound
        case "conflict_error": self = .conflict
        case "rate_limit_error": self = .rateLimited
        case "timeout_error": self = .gatewayTimeout
        case "api_error", "server_error", "service_unavailable_error": self = .internalError
        default: return nil
        }
    }
}

extension ErrorBody {
    /// Whether a prompt is said to be too long, in the words of either provider.
    fileprivate var saysTooLong: Bool {
        let message = message.lowercasedASCII
        return ["prompt is too long", "maximum context length"].contains { message.contains(text: $0) }
    }
}
