/// A call that was not made, because its circuit breaker did not let it through.
public struct CircuitBreakerError: Error, Hashable, Sendable {
    /// The breaker.
    public let name: String

    /// Why.
    public let reason: CircuitRejection.Reason

    /// How long the reason lasts; nil where nobody knows.
    public let retryAfter: Duration?

    /// The class of the last failure, where failures are the reason.
    public let lastError: String?

    init(name: String, _ rejection: CircuitRejection) {
        self.name = name
        reason = rejection.reason
        retryAfter = rejection.retryAfter
        lastError = rejection.lastError
    }
}
