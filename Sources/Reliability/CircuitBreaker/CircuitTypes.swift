/// The breaker's answer to a request for a permit.
public enum CircuitAdmission: ~Copyable, Sendable {
    /// The call may be made.
    case permitted(CircuitPermit)
    /// It may not.
    case rejected(CircuitRejection)
}

/// A permit for one call.
///
/// It cannot be copied, so it is recorded at most once. Dropping it is safe: a probe's place is free again when its
/// lease is over.
public struct CircuitPermit: ~Copyable, Sendable {
    /// The breaker.
    public let name: String

    /// The era that it belongs to; a result of another one changes nothing.
    public let generation: Int64

    /// Whether the breaker looks with this call if it can be closed.
    public let isProbe: Bool

    /// What asking for it made of the breaker.
    public let transition: CircuitTransition?

    /// How long the call took; nil if it was not measured.
    public var duration: Duration?

    /// Whether the breaker counts failures, so that a success changes its state.
    public let hasFailures: Bool

    /// Whether nothing but a cool-down is recorded, because the breaker is disabled.
    public let isUnrecorded: Bool

    /// Whether it is the process's own breaker that gave it, in place of a shared one.
    var isSubstitute = false

    /// Makes a permit; only stores do.
    ///
    /// - Parameters:
    ///   - name: The breaker.
    ///   - generation: The era that it belongs to.
    ///   - isProbe: Whether the breaker is half-open.
    ///   - hasFailures: Whether the breaker counts failures.
    ///   - isUnrecorded: Whether the breaker is disabled.
    ///   - transition: What asking for the permit changed.
    public init(
        name: String,
        generation: Int64,
        isProbe: Bool,
        hasFailures: Bool,
        isUnrecorded: Bool,
        transition: CircuitTransition?
    ) {
        self.name = name
        self.generation = generation
        self.isProbe = isProbe
        self.hasFailures = hasFailures
        self.isUnrecorded = isUnrecorded
        self.transition = transition
    }

    /// Whether recording an outcome can change the breaker's state.
    public func changesState(_ outcome: CircuitOutcome, under policy: CircuitBreakerPolicy) -> Bool {
        switch outcome {
        case .limited: true
        case .neutral: isProbe
        case .failure: !isUnrecorded
        case .success: isProbe || (!isUnrecorded && (hasFailures || policy.window != nil))
        }
    }
}

/// Why a call may not be made, and for how long.
public struct CircuitRejection: Hashable, Sendable {
    /// What stands in the way.
    public enum Reason: String, Hashable, Sendable {
        /// There were too many failures.
        case open
        /// All probes are under way.
        case probing
        /// An operator opened the breaker.
        case forcedOpen = "forced_open"
        /// The provider said to wait.
        case rateLimited = "rate_limited"
        /// What may be spent is spent.
        case quotaExhausted = "quota_exhausted"

        /// The reason during a cool-down.
        init(_ reason: CooldownReason) {
            switch reason {
            case .rateLimited: self = .rateLimited
            case .quotaExhausted: self = .quotaExhausted
            }
        }
    }

    /// What stands in the way.
    public let reason: Reason

    /// How long it lasts; nil if that is unknown.
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

/// The result of a call, as a circuit breaker sees it.
public enum CircuitOutcome: Hashable, Sendable {
    /// The provider answered.
    case success
    /// The provider failed; the error is a stable class, such as `ai_overloaded`.
    case failure(error: String)
    /// It says nothing about the provider: the request was wrong, or the caller cancelled.
    case neutral
    /// The provider asked for a cool-down, for all processes. It is not a failure.
    case limited(for: Duration, reason: CooldownReason)
}

/// Why a provider that works has a cool-down.
public enum CooldownReason: String, Hashable, Sendable {
    /// We called too often.
    case rateLimited = "rate_limited"
    /// What may be spent is spent.
    case quotaExhausted = "quota_exhausted"
}

/// A change of a circuit breaker.
public enum CircuitTransition: Hashable, Sendable {
    /// It lets nothing through, for so long.
    case opened(for: Duration)
    /// It lets probes through.
    case halfOpened
    /// It lets everything through.
    case closed
    /// It would have opened, if it did more than count.
    case exceeded([CircuitLimit])
}

/// What opens a circuit breaker.
public enum CircuitLimit: String, Hashable, Sendable {
    /// Failures in a row.
    case failures
    /// The part of failed calls in the window.
    case failureRate = "failure_rate"
    /// The part of slow calls in the window.
    case slowCallRate = "slow_call_rate"
}

/// What happens to a circuit breaker and to the calls through it.
public enum CircuitEvent: Sendable {
    /// The breaker changed.
    case changed(CircuitTransition)
    /// A call was not made.
    case rejected(CircuitRejection)
    /// A call failed; the error is its class.
    case failed(error: String)
    /// What came of a call could not be recorded.
    case recordLost(any Error)
}

/// What an operator can do with a circuit breaker; the raw values are those of `nofx.circuit_set`.
public enum CircuitAction: String, Hashable, Sendable, CaseIterable {
    /// Closes it, and ends its cool-down.
    case reset
    /// Lets nothing through until further notice.
    case forceOpen = "force_open"
    /// Lets everything through and counts nothing.
    case disable
    /// Ends an operator's override.
    case enable
    /// Lets everything through and counts.
    case metricsOnly = "metrics_only"
}

/// A call that was not made, because its circuit breaker did not let it through.
public struct CircuitBreakerError: Error, Hashable, Sendable {
    /// The breaker.
    public let name: String

    /// Why.
    public let reason: CircuitRejection.Reason

    /// How long the reason lasts; nil if that is unknown.
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
