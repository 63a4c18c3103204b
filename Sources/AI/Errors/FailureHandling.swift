/// How one kind of failure is answered, retried and counted.
struct FailureHandling: Sendable, Hashable {
    let code: AIError.Code

    /// The HTTP status of our own answer.
    let status: Int
    let retry: AIError.RetryRule
    let breaker: AIError.BreakerEffect
    let tryNextProvider: Bool

    init(
        _ code: AIError.Code,
        _ status: Int,
        _ retry: AIError.RetryRule,
        _ breaker: AIError.BreakerEffect,
        _ next: Next
    ) {
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

extension AIFailure {
    /// The table of how each failure is handled.
    ///
    /// A failure counts against the provider's breaker. What our own request brought about does not, and a provider
    /// that limits us is well: both would otherwise stop calls that would succeed. A provider's 401 is never one of
    /// ours, because our caller's credential is fine.
    // swift-format-ignore
    var handling: FailureHandling {
        switch self {
        //                                            code          status  retry   breaker                    others
        case .notConfigured:     FailureHandling(.notConfigured,  503, .never, .neutral,                  .stay)
        case .circuitOpen:       FailureHandling(.circuitOpen,    503, .never, .neutral,                  .next)
        case .budgetExceeded:    FailureHandling(.budgetExceeded, 402, .never, .neutral,                  .stay)
        case .cancelled:         FailureHandling(.cancelled,      499, .never, .neutral,                  .stay)
        case .outOfTime:         FailureHandling(.timeout,        504, .never, .neutral,                  .stay)
        case .unsupported:       FailureHandling(.badRequest,     400, .never, .neutral,                  .stay)
        case .clientFailed:      FailureHandling(.unreachable,    502, .once,  .neutral,                  .next)

        case .unresolved:        FailureHandling(.unreachable,    502, .yes,   .failure,                  .next)
        case .refusedConnection: FailureHandling(.unreachable,    502, .yes,   .failure,                  .next)
        case .untrusted:         FailureHandling(.tlsError,       502, .never, .failure,                  .next)
        case .handshakeFailed:   FailureHandling(.tlsError,       502, .once,  .failure,                  .next)
        case .connectTimeout:    FailureHandling(.timeout,        504, .yes,   .failure,                  .next)
        // The provider may be at work on it, and charge for it.
        case .noAnswer:          FailureHandling(.timeout,        504, .once,  .failure,                  .next)
        case .stalled:           FailureHandling(.timeout,        504, .yes,   .failure,                  .next)
        case .connectionLost:    FailureHandling(.connectionLost, 502, .yes,   .failure,                  .next)

        case .badRequest:        FailureHandling(.badRequest,     400, .never, .neutral,                  .stay)
        case .invalidContent:    FailureHandling(.badRequest,     422, .never, .neutral,                  .stay)
        case .authFailed:        FailureHandling(.authFailed,     502, .never, .neutral,                  .next)
        case .quotaExhausted:    FailureHandling(.quotaExhausted, 402, .never, .limited(.quotaExhausted), .next)
        case .forbidden:         FailureHandling(.forbidden,      502, .never, .neutral,                  .next)
        case .modelNotFound:     FailureHandling(.modelNotFound,  400, .never, .neutral,                  .next)
        case .requestTimeout:    FailureHandling(.timeout,        504, .yes,   .failure,                  .next)
        case .conflict:          FailureHandling(.conflict,       409, .yes,   .neutral,                  .stay)
        case .contextTooLong:    FailureHandling(.contextTooLong, 413, .never, .neutral,                  .stay)
        case .rateLimited:       FailureHandling(.rateLimited,    429, .yes,   .limited(.rateLimited),    .next)
        case .internalError:     FailureHandling(.upstreamError,  502, .yes,   .failure,                  .next)
        case .gatewayTimeout:    FailureHandling(.timeout,        504, .yes,   .failure,                  .next)
        case .overloaded:        FailureHandling(.overloaded,     503, .yes,   .failure,                  .next)
        case .redirected:        FailureHandling(.badEndpoint,    502, .never, .neutral,                  .next)
        case .contentRefused:    FailureHandling(.refused,        422, .never, .neutral,                  .stay)

        case .unreadable:        FailureHandling(.badResponse,    502, .once,  .failure,                  .next)
        case .cut:               FailureHandling(.truncated,      502, .yes,   .failure,                  .next)
        case .empty:             FailureHandling(.empty,          502, .once,  .neutral,                  .next)
        case .refused:           FailureHandling(.refused,        422, .never, .success,                  .stay)
        case .unexpectedStop:    FailureHandling(.unexpectedStop, 502, .never, .success,                  .stay)
        case .schemaMismatch:    FailureHandling(.schemaMismatch, 502, .once,  .success,                  .next)
        }
    }
}
