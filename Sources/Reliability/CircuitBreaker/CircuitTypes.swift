/// The breaker's answer to a request for a permit.
public enum CircuitAdmission: ~Copyable, Sendable {
    /// The breaker permits the call.
    case permitted(CircuitPermit)
    /// The breaker rejects the call.
    case rejected(CircuitRejection)
}

/// A permit for one call, from one or several breakers.
///
/// A permit cannot be copied, so its outcome is recorded at most once. A permit may be dropped: a probe's lease then
/// expires and frees its place.
public struct CircuitPermit: ~Copyable, Sendable {
    /// What each breaker granted, in the order in which the breakers were asked.
    public let grants: [CircuitGrant]

    /// The duration of the call; nil if it was not measured.
    public var duration: Duration?

    /// Whether the process's own breakers granted the permit in place of the shared store.
    var isSubstitute = false

    /// Makes a permit; only stores call it.
    public init(_ grants: [CircuitGrant]) {
        self.grants = grants
    }

    /// The grants whose breakers an outcome can change, each with its outcome.
    ///
    /// - Parameters:
    ///   - outcomes: The outcome for each grant.
    ///   - policy: The policy that applies to the call.
    /// - Returns: The grants and their outcomes, from the widest breaker to the narrowest.
    public func changes(
        _ outcomes: [CircuitOutcome],
        under policy: CircuitBreakerPolicy
    ) -> [(grant: CircuitGrant, outcome: CircuitOutcome)] {
        zip(grants, outcomes).filter { $0.changesState($1, under: policy) }.map { ($0, $1) }
    }
}

/// The permission of one breaker for one call.
public struct CircuitGrant: Hashable, Sendable {
    /// The breaker's name.
    public let name: String

    /// The breaker's generation.
    ///
    /// An outcome that belongs to an earlier generation changes nothing.
    public let generation: Int64

    /// Whether the call is a probe of a half-open breaker.
    public let isProbe: Bool

    /// Whether the breaker counts failures.
    ///
    /// If so, a success changes its state.
    public let hasFailures: Bool

    /// Whether only cool-downs are recorded, because the breaker is disabled.
    public let isUnrecorded: Bool

    /// The state change that the request for the permit caused.
    public let transition: CircuitTransition?

    /// Makes a grant; only stores call it.
    ///
    /// - Parameters:
    ///   - name: The breaker's name.
    ///   - generation: The breaker's generation.
    ///   - isProbe: Whether the breaker is half-open.
    ///   - hasFailures: Whether the breaker counts failures.
    ///   - isUnrecorded: Whether the breaker is disabled.
    ///   - transition: The state change that the request for the permit caused.
    public init(
        name: String,
        generation: Int64 = 0,
        isProbe: Bool = false,
        hasFailures: Bool = false,
        isUnrecorded: Bool = false,
        transition: CircuitTransition? = nil
    ) {
        self.name = name
        self.generation = generation
        self.isProbe = isProbe
        self.hasFailures = hasFailures
        self.isUnrecorded = isUnrecorded
        self.transition = transition
    }

    /// Whether recording an outcome can change the breaker's state.
    func changesState(_ outcome: CircuitOutcome, under policy: CircuitBreakerPolicy) -> Bool {
        switch outcome {
        case .limited: true
        case .neutral: isProbe
        case .failure, .suspicion, .refused: !isUnrecorded
        case .success: isProbe || (!isUnrecorded && (hasFailures || policy.window != nil))
        }
    }
}

/// The reason why a call is rejected, and its duration.
public struct CircuitRejection: Hashable, Sendable {
    /// The reasons for a rejection.
    public enum Reason: String, Hashable, Sendable {
        /// Too many calls failed.
        case open
        /// All probes are in progress.
        case probing
        /// An operator opened the breaker.
        case forcedOpen = "forced_open"
        /// The provider's rate limit was reached.
        case rateLimited = "rate_limited"
        /// The provider's account has no quota left.
        case quotaExhausted = "quota_exhausted"
        /// The provider refused the credential.
        case refused

        /// The reason during a cool-down.
        init(_ reason: CooldownReason) {
            switch reason {
            case .rateLimited: self = .rateLimited
            case .quotaExhausted: self = .quotaExhausted
            }
        }
    }

    /// The name of the breaker that rejects the call.
    public let name: String

    public let reason: Reason

    /// The time until calls may be permitted again; nil if unknown.
    public let retryAfter: Duration?

    /// The error class of the last failure, if failures are the reason.
    public let lastError: String?

    /// The state change that the request caused.
    public let transition: CircuitTransition?

    /// Makes a rejection; only stores call it.
    ///
    /// - Parameters:
    ///   - name: The name of the breaker.
    ///   - reason: The reason for the rejection.
    ///   - retryAfter: The time until calls may be permitted again; nil if unknown.
    ///   - lastError: The error class of the last failure.
    ///   - transition: The state change that the request caused.
    public init(
        of name: String,
        _ reason: Reason,
        retryAfter: Duration? = nil,
        lastError: String? = nil,
        transition: CircuitTransition? = nil
    ) {
        self.name = name
        self.reason = reason
        self.retryAfter = retryAfter
        self.lastError = lastError
        self.transition = transition
    }
}

/// The outcome of a call for a circuit breaker.
public enum CircuitOutcome: Hashable, Sendable {
    /// The provider answered.
    case success
    /// The provider failed.
    ///
    /// The error is a stable class, such as `ai_overloaded`.
    case failure(error: String)
    /// A call failed at a narrower breaker, whose name is given.
    ///
    /// It is a failure of this breaker too while the calls of another tenant fail at another breaker below this one;
    /// otherwise it is neutral. So one tenant alone, whatever it asks for, cannot open the breaker of all.
    case suspicion(error: String, at: String)
    /// The outcome says nothing about the provider: the request was invalid, or the caller cancelled it.
    case neutral
    /// The provider asks all processes for a cool-down.
    ///
    /// This is not a failure.
    case limited(for: Duration, reason: CooldownReason)
    /// The provider refused the credential: no call is permitted until an operator resets the breaker.
    case refused(error: String)
}

/// The reason for a cool-down of a healthy provider.
public enum CooldownReason: String, Hashable, Sendable {
    /// We exceeded the provider's rate limit.
    case rateLimited = "rate_limited"
    /// The provider's account has no quota left.
    case quotaExhausted = "quota_exhausted"
}

/// A change of a circuit breaker's state.
public enum CircuitTransition: Hashable, Sendable {
    /// The breaker rejects all calls for this time.
    case opened(for: Duration)
    /// The breaker permits probes.
    case halfOpened
    /// The breaker permits all calls.
    case closed
    /// A limit was exceeded in metrics-only mode, in which the breaker does not open.
    case exceeded([CircuitLimit])
    /// The provider refused the credential; the breaker rejects all calls until an operator resets it.
    case refused
}

/// A change of the state of one of several breakers.
public struct CircuitChange: Hashable, Sendable {
    /// The breaker's name.
    public let name: String

    public let transition: CircuitTransition

    /// Makes a change; only stores call it.
    public init(name: String, _ transition: CircuitTransition) {
        self.name = name
        self.transition = transition
    }
}

/// The limits that open a circuit breaker.
public enum CircuitLimit: String, Hashable, Sendable {
    /// Consecutive failures.
    case failures
    /// The rate of failed calls in the window.
    case failureRate = "failure_rate"
    /// The rate of slow calls in the window.
    case slowCallRate = "slow_call_rate"
}

/// An event of a circuit breaker or of a call through it.
public enum CircuitEvent: Sendable {
    /// The breaker's state changed.
    case changed(CircuitTransition)
    /// The breaker rejected a call.
    case rejected(CircuitRejection)
    /// A call failed with an error of this class.
    case failed(error: String)
    /// The outcome of a call could not be recorded.
    case recordLost(any Error)
}

/// An operator's action on a circuit breaker; the raw values are those of `nofx.circuit_set`.
public enum CircuitAction: String, Hashable, Sendable, CaseIterable {
    /// Closes the breaker and ends its cool-down.
    case reset
    /// Rejects all calls until an operator enables the breaker again.
    case forceOpen = "force_open"
    /// Permits all calls and counts nothing.
    case disable
    /// Ends an operator's override.
    case enable
    /// Permits all calls and counts them (metrics-only mode).
    case metricsOnly = "metrics_only"
}

/// The circuit breaker rejected the call.
public struct CircuitBreakerError: Error, Hashable, Sendable {
    /// The breaker's name.
    public let name: String

    public let reason: CircuitRejection.Reason

    /// The time until calls may be permitted again; nil if unknown.
    public let retryAfter: Duration?

    /// The error class of the last failure, if failures are the reason.
    public let lastError: String?

    init(_ rejection: CircuitRejection) {
        name = rejection.name
        reason = rejection.reason
        retryAfter = rejection.retryAfter
        lastError = rejection.lastError
    }
}
