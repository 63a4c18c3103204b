/// What came of a call, as a circuit breaker sees it.
public enum CircuitOutcome: Hashable, Sendable {
    /// The provider answered.
    case success
    /// The provider failed; the error is a stable class, such as `ai_overloaded`.
    case failure(error: String)
    /// Nothing about the provider: the request was wrong, or the caller gave up.
    case neutral
    /// The provider said not to come again so soon: for all processes, and no failure.
    case limited(for: Duration, reason: CooldownReason)
}

/// Why a provider is not to be called for a while, though it works.
public enum CooldownReason: String, Hashable, Sendable {
    /// We called too often.
    case rateLimited = "rate_limited"
    /// What may be spent is spent.
    case quotaExhausted = "quota_exhausted"
}
