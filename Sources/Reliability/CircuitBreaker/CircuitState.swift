import Base

/// The state of a circuit breaker, and what becomes of it; `nofx.circuit_acquire` and its kin do the same in the
/// database.
///
/// Nothing in it knows the time: it is told, as the time since some moment.
struct CircuitState: Hashable, Sendable {
    /// What a breaker does with calls; the raw values are those of `nofx.circuit_breakers`.
    enum Phase: String, Hashable, Sendable {
        case closed
        case open
        case halfOpen = "half_open"
        case forcedOpen = "forced_open"
        case disabled
        case metricsOnly = "metrics_only"
    }

    /// Until when nobody may call, though the provider works.
    struct Cooldown: Hashable, Sendable {
        var until: Duration
        var reason: CooldownReason
    }

    /// What it does with calls.
    var phase = Phase.closed

    /// How often it changed.
    var generation: Int64 = 0

    /// How many failures there were in a row while it was closed.
    var failures = 0

    /// When the last one was.
    var lastFailure: Duration?

    /// Its class.
    var lastError: String?

    /// How many processes saw these failures; 2 stands for several.
    var reporters = 0

    /// Who saw the last one.
    var lastReporter: UUID?

    /// When it may be probed.
    var openUntil = Duration.zero

    /// How often it opened since it was last closed.
    var opens = 0

    /// How often it ever opened.
    var totalOpens = 0

    /// How many probes may still begin.
    var permitsLeft = 0

    /// How many succeeded.
    var probeSuccesses = 0

    /// When those under way are given up.
    var probeDeadline = Duration.zero

    /// Since when it is probed.
    var halfOpenSince = Duration.zero

    /// Until when nobody may call, whatever it does with calls.
    var cooldown: Cooldown?

    /// What was called lately.
    var calls = SlidingCalls()
}

extension CircuitState {
    /// Opens it, for a time that `random`, from 0 to 1, has a part in.
    mutating func open(under policy: CircuitBreakerPolicy, random: Double, at now: Duration) -> Duration {
        let coolDown = policy.coolDown(forOpening: opens + 1, random: random)
        phase = .open
        generation += 1
        openUntil = now + coolDown
        opens += 1
        totalOpens += 1
        permitsLeft = 0
        probeSuccesses = 0
        probeDeadline = .zero
        halfOpenSince = .zero
        return coolDown
    }

    /// Puts it into a state that nothing is left over in; why it last failed stays.
    mutating func clear(to phase: Phase) {
        self.phase = phase
        generation += 1
        failures = 0
        reporters = 0
        lastReporter = nil
        openUntil = .zero
        opens = 0
        permitsLeft = 0
        probeSuccesses = 0
        probeDeadline = .zero
        halfOpenSince = .zero
        calls = SlidingCalls()
    }

    /// Does what an operator wants; done again it changes nothing.
    mutating func perform(_ action: CircuitAction, at now: Duration) {
        switch action {
        case .reset:
            let isCoolingDown = cooldown.map { $0.until > now } ?? false
            guard phase != .closed || failures > 0 || isCoolingDown || !calls.isEmpty else { return }
            clear(to: .closed)
            cooldown = nil
        case .enable:
            if [.forcedOpen, .disabled, .metricsOnly].contains(phase) { clear(to: .closed) }
        case .forceOpen: if phase != .forcedOpen { clear(to: .forcedOpen) }
        case .disable: if phase != .disabled { clear(to: .disabled) }
        case .metricsOnly: if phase != .metricsOnly { clear(to: .metricsOnly) }
        }
    }
}

extension CircuitBreakerPolicy {
    /// How long a breaker stays open that opens for so manieth a time since it was closed.
    func coolDown(forOpening opens: Int, random: Double) -> Duration {
        let base = Double(resetTimeout.wholeMicroseconds)
        let most = Double(maximumResetTimeout.wholeMicroseconds)
        var length = base
        // The exponent has an end because numbers have.
        for _ in 1..<max(min(opens, 257), 1) where length < most { length *= growthFactor }
        return .microseconds(Int64((min(length, most) * (1 - jitter + 2 * jitter * random)).rounded(.down)))
    }

    /// How many failures in a row open a breaker.
    ///
    /// Where several processes must have seen them, one that is alone needs twice as many.
    func threshold(reporters: Int) -> Int {
        reporters < minimumReporters ? 2 * failureThreshold : failureThreshold
    }

    /// How long a probe may be under way.
    var lease: Duration { callTimeout + leaseMargin }

    /// The longest that a breaker can be open.
    var longestCoolDown: Duration {
        .microseconds(Int64((Double(maximumResetTimeout.wholeMicroseconds) * (1 + jitter)).rounded(.down)))
    }
}
