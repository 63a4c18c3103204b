/// The answer, the retry rule and the breaker effect of one kind of failure.
struct FailureHandling: Sendable, Hashable {
    let code: AIError.Code

    /// The HTTP status of our own response.
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
    /// The handling of each kind of failure.
    ///
    /// A failure of the provider or of a model counts against its breaker; ``level`` says against which. A failure that
    /// our request caused does not, and neither does a rate limit: both would stop calls that would succeed. A provider's
    /// 401 closes the key for all, and never becomes our 401, because the credential of our caller is valid.
    // swift-format-ignore
    var handling: FailureHandling {
        switch self {
        //                                            code          status  retry   breaker                    others
        case .notConfigured:     FailureHandling(.notConfigured,  503, .never, .neutral,                  .stay)
        case .circuitOpen:       FailureHandling(.circuitOpen,    503, .never, .neutral,                  .next)
        case .budgetExceeded:    FailureHandling(.budgetExceeded, 402, .never, .neutral,                  .stay)
        // Another model may have a price, or a limit of its own.
        case .modelUnpriced:     FailureHandling(.modelUnpriced,  402, .never, .neutral,                  .next)
        case .limitReached:      FailureHandling(.limitReached,   429, .never, .neutral,                  .next)
        case .cancelled:         FailureHandling(.cancelled,      499, .never, .neutral,                  .stay)
        case .outOfTime:         FailureHandling(.timeout,        504, .never, .neutral,                  .stay)
        case .unsupported:       FailureHandling(.badRequest,     400, .never, .neutral,                  .stay)
        case .clientFailed:      FailureHandling(.unreachable,    502, .once,  .neutral,                  .next)

        case .unresolved:        FailureHandling(.unreachable,    502, .yes,   .failure,                  .next)
        case .refusedConnection: FailureHandling(.unreachable,    502, .yes,   .failure,                  .next)
        case .untrusted:         FailureHandling(.tlsError,       502, .never, .failure,                  .next)
        case .handshakeFailed:   FailureHandling(.tlsError,       502, .once,  .failure,                  .next)
        case .connectTimeout:    FailureHandling(.timeout,        504, .yes,   .failure,                  .next)
        // The provider may still be working on the request and may charge for it.
        case .noAnswer:          FailureHandling(.timeout,        504, .once,  .failure,                  .next)
        case .stalled:           FailureHandling(.timeout,        504, .yes,   .failure,                  .next)
        case .connectionLost:    FailureHandling(.connectionLost, 502, .yes,   .failure,                  .next)

        case .badRequest:        FailureHandling(.badRequest,     400, .never, .neutral,                  .stay)
        case .invalidContent:    FailureHandling(.badRequest,     422, .never, .neutral,                  .stay)
        // Asked again without them, the server streams all the same.
        case .noStreamOptions:   FailureHandling(.badRequest,     422, .once,  .neutral,                  .stay)
        case .authFailed:        FailureHandling(.authFailed,     502, .never, .refused,                  .next)
        case .modelAuthFailed:   FailureHandling(.authFailed,     502, .never, .refused,                  .next)
        case .quotaExhausted:    FailureHandling(.quotaExhausted, 402, .never, .limited(.quotaExhausted), .next)
        case .forbidden:         FailureHandling(.forbidden,      502, .never, .neutral,                  .next)
        case .modelNotFound:     FailureHandling(.modelNotFound,  400, .never, .neutral,                  .next)
        case .requestTimeout:    FailureHandling(.timeout,        504, .yes,   .failure,                  .next)
        case .conflict:          FailureHandling(.conflict,       409, .yes,   .neutral,                  .stay)
        case .contextTooLong:    FailureHandling(.contextTooLong, 413, .never, .neutral,                  .stay)
        case .rateLimited:       FailureHandling(.rateLimited,    429, .yes,   .limited(.rateLimited),    .next)
        case .internalError:     FailureHandling(.upstreamError,  502, .yes,   .failure,                  .next)
        case .unavailable:       FailureHandling(.upstreamError,  502, .yes,   .failure,                  .next)
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
