import Base
internal import HTTPClient

/// Why a call failed, in as many cases as are handled differently.
enum AIFailure: Sendable, Hashable, CaseIterable {
    // Ours.
    case notConfigured
    case circuitOpen
    case budgetExceeded
    case cancelled
    case outOfTime
    case unsupported
    case clientFailed

    // The connection.
    case unresolved
    case refusedConnection
    case untrusted
    case handshakeFailed
    case connectTimeout
    case noAnswer
    case stalled
    case connectionLost

    // The provider says so.
    case badRequest
    case invalidContent
    case authFailed
    case quotaExhausted
    case forbidden
    case modelNotFound
    case requestTimeout
    case conflict
    case contextTooLong
    case rateLimited
    case internalError
    case gatewayTimeout
    case overloaded
    case redirected
    case contentRefused

    // The answer.
    case unreadable
    case cut
    case empty
    case refused
    case unexpectedStop
    case schemaMismatch
}

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

extension AIFailure {
    /// What it means that a request has no answer.
    init(_ error: HTTPError) {
        self =
            switch error.kind {
            case .invalidRequest: .unsupported
            case .couldNotResolve: .unresolved
            case .couldNotConnect: error.hasTimedOut ? .connectTimeout : .refusedConnection
            // Providers are the operator's choice, and their client goes anywhere.
            case .forbiddenAddress: .unsupported
            case .untrusted: .untrusted
            case .tls: .handshakeFailed
            case .timeout: error.hadAnswer ? .stalled : .noAnswer
            case .cancelled: .cancelled
            case .connectionLost: .connectionLost
            case .tooLarge: .unreadable
            case .invalidResponse: .unreadable
            case .failed: .clientFailed
            }
    }
}
