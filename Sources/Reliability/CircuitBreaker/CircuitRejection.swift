/// Why a call may not be made, and for how long.
public struct CircuitRejection: Hashable, Sendable {
    /// What stands in the way.
    public enum Reason: String, Hashable, Sendable {
        /// There were too many failures.
        case open
        /// All probes are under way.
        case probing
        /// Somebody opened the breaker by hand.
        case forcedOpen = "forced_open"
        /// The provider said to wait.
        case rateLimited = "rate_limited"
        /// What may be spent is spent.
        case quotaExhausted = "quota_exhausted"

        /// The reason of who meets a gate.
        init(_ reason: CooldownReason) {
            switch reason {
            case .rateLimited: self = .rateLimited
            case .quotaExhausted: self = .quotaExhausted
            }
        }
    }

    /// What stands in the way.
    public let reason: Reason

    /// How long it does; nil where nobody knows.
    public let retryAfter: Duration?

    /// The class of the last failure, where failures are the reason.
    public let lastError: String?

    /// What asking made of the breaker.
    public let transition: CircuitTransition?

    /// Makes a rejection; only stores do.
    ///
    /// - Parameters:
    ///   - reason: What prevents the call.
    ///   - retryAfter: How long it does; nil where that is unknown.
    ///   - lastError: The class of the last failure.
    ///   - transition: What asking changed.
    public init(
        _ reason: Reason,
        retryAfter: Duration? = nil,
        lastError: String? = nil,
        transition: CircuitTransition? = nil
    ) {
        self.reason = reason
        self.retryAfter = retryAfter
        self.lastError = lastError
        self.transition = transition
    }
}
