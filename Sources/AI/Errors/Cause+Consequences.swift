extension AIError {
    /// What follows from a cause.
    struct Consequences: Sendable, Hashable {
        let code: Code

        /// The HTTP status of our own answer.
        let status: Int
        let retry: RetryRule
        let breaker: BreakerEffect
        let tryNextProvider: Bool

        init(_ code: Code, _ status: Int, _ retry: RetryRule, _ breaker: BreakerEffect, _ next: Next) {
            self.code = code
            self.status = status
            self.retry = retry
            self.breaker = breaker
            tryNextProvider = next == .next
        }

        enum Next {
            case next, stay
        }
    }
}

extension AIError.Cause {
    /// The table of what follows from each cause.
    ///
    /// A failure counts against the provider's breaker. What our own request brought about does not, and a provider
    /// that limits us is well: both would otherwise stop calls that would succeed. A provider's 401 is never one of
    /// ours, because our caller's credential is fine.
    // swift-format-ignore
    var consequences: AIError.Consequences {
        switch self {
        //                                            code          status  retry   breaker                    others
        case .notConfigured:     AIError.Consequences(.notConfigured,  503, .never, .neutral,                  .stay)
        case .circuitOpen:       AIError.Consequences(.circuitOpen,    503, .never, .neutral,                  .next)
        case .budgetExceeded:    AIError.Consequences(.budgetExceeded, 402, .never, .neutral,                  .stay)
        case .cancelled:         AIError.Consequences(.cancelled,      499, .never, .neutral,                  .stay)
        case .outOfTime:         AIError.Consequences(.timeout,        504, .never, .neutral,                  .stay)
        case .unsupported:       AIError.Consequences(.badRequest,     400, .never, .neutral,                  .stay)
        case .clientFailed:      AIError.Consequences(.unreachable,    502, .once,  .neutral,                  .next)

        case .unresolved:        AIError.Consequences(.unreachable,    502, .yes,   .failure,                  .next)
        case .refusedConnection: AIError.Consequences(.unreachable,    502, .yes,   .failure,                  .next)
        case .untrusted:         AIError.Consequences(.tlsError,       502, .never, .failure,                  .next)
        case .handshakeFailed:   AIError.Consequences(.tlsError,       502, .once,  .failure,                  .next)
        case .connectTimeout:    AIError.Consequences(.timeout,        504, .yes,   .failure,                  .next)
        // The provider may be at work on it, and charge for it.
        case .noAnswer:          AIError.Consequences(.timeout,        504, .once,  .failure,                  .next)
        case .stalled:           AIError.Consequences(.timeout,        504, .yes,   .failure,                  .next)
        case .connectionLost:    AIError.Consequences(.connectionLost, 502, .yes,   .failure,                  .next)

        case .badRequest:        AIError.Consequences(.badRequest,     400, .never, .neutral,                  .stay)
        case .invalidContent:    AIError.Consequences(.badRequest,     422, .never, .neutral,                  .stay)
        case .authFailed:        AIError.Consequences(.authFailed,     502, .never, .neutral,                  .next)
        case .quotaExhausted:    AIError.Consequences(.quotaExhausted, 402, .never, .limited(.quotaExhausted), .next)
        case .forbidden:         AIError.Consequences(.forbidden,      502, .never, .neutral,                  .next)
        case .modelNotFound:     AIError.Consequences(.modelNotFound,  400, .never, .neutral,                  .next)
        case .requestTimeout:    AIError.Consequences(.timeout,        504, .yes,   .failure,                  .next)
        case .conflict:          AIError.Consequences(.conflict,       409, .yes,   .neutral,                  .stay)
        case .contextTooLong:    AIError.Consequences(.contextTooLong, 413, .never, .neutral,                  .stay)
        case .rateLimited:       AIError.Consequences(.rateLimited,    429, .yes,   .limited(.rateLimited),    .next)
        case .internalError:     AIError.Consequences(.upstreamError,  502, .yes,   .failure,                  .next)
        case .gatewayTimeout:    AIError.Consequences(.timeout,        504, .yes,   .failure,                  .next)
        case .overloaded:        AIError.Consequences(.overloaded,     503, .yes,   .failure,                  .next)
        case .redirected:        AIError.Consequences(.badEndpoint,    502, .never, .neutral,                  .next)
        case .contentRefused:    AIError.Consequences(.refused,        422, .never, .neutral,                  .stay)

        case .unreadable:        AIError.Consequences(.badResponse,    502, .once,  .failure,                  .next)
        case .cut:               AIError.Consequences(.truncated,      502, .yes,   .failure,                  .next)
        case .empty:             AIError.Consequences(.empty,          502, .once,  .neutral,                  .next)
        case .refused:           AIError.Consequences(.refused,        422, .never, .success,                  .stay)
        case .unexpectedStop:    AIError.Consequences(.unexpectedStop, 502, .never, .success,                  .stay)
        case .schemaMismatch:    AIError.Consequences(.schemaMismatch, 502, .once,  .success,                  .next)
        }
    }
}
