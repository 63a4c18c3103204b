import Base

/// The state of a circuit breaker and its transitions.
///
/// `nofx.circuit_acquire` and the related SQL functions implement the same rules.
///
/// All functions take the time as a parameter: the time since a fixed moment.
struct CircuitState: Hashable, Sendable {
    /// The phases of a breaker; the raw values are those of `nofx.circuit_breakers`.
    enum Phase: String, Hashable, Sendable {
        case closed
        case open
        case halfOpen = "half_open"
        case forcedOpen = "forced_open"
        case disabled
        case metricsOnly = "metrics_only"
        case refused
    }

    /// A cool-down of a healthy provider.
    struct Cooldown: Hashable, Sendable {
        var until: Duration
        var reason: CooldownReason
    }

    var phase = Phase.closed

    /// The number of state changes.
    var generation: Int64 = 0

    /// The number of consecutive failures in closed state.
    var failures = 0

    /// The time of the last failure.
    var lastFailure: Duration?

    /// The error class of the last failure.
    var lastError: String?

    /// The number of processes that reported these failures; 2 stands for two or more.
    var reporters = 0

    /// The process that reported the last failure.
    var lastReporter: UUID?

    /// The tenant of the last failure or cool-down.
    var lastTenant: UUID?

    /// When the open breaker may be probed.
    var openUntil = Duration.zero

    /// The number of openings since the breaker was last closed.
    var opens = 0

    /// The number of openings ever.
    var totalOpens = 0

    /// The number of probes that may still begin.
    var permitsLeft = 0

    /// The number of probes that succeeded.
    var probeSuccesses = 0

    /// When the lease of the running probes ends.
    var probeDeadline = Duration.zero

    /// The length of that lease when the last probe began.
    var probeLease = Duration.zero

    /// When the half-open state began.
    var halfOpenSince = Duration.zero

    /// The provider's cool-down; it applies in any phase.
    var cooldown: Cooldown?

    /// The calls of the sliding window.
    var calls = SlidingCalls()
}

extension CircuitState {
    /// Opens the breaker for a duration with jitter; `random` is from 0 to 1.
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

    /// Resets all counters and enters a phase.
    ///
    /// The last error is kept.
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

    /// Performs an operator's action; performing it again changes nothing.
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
    /// The duration of the n-th consecutive opening.
    func coolDown(forOpening opens: Int, random: Double) -> Duration {
        let base = Double(resetTimeout.wholeMicroseconds)
        let most = Double(maximumResetTimeout.wholeMicroseconds)
        var length = base
        // The exponent is capped to keep the result finite.
        for _ in 1..<max(min(opens, 257), 1) where length < most { length *= growthFactor }
        return .microseconds(Int64((min(length, most) * (1 - jitter + 2 * jitter * random)).rounded(.down)))
    }

    /// The number of consecutive failures that open the breaker.
    ///
    /// If the policy requires several reporters, a single one needs twice the failures.
    func threshold(reporters: Int) -> Int {
        reporters < minimumReporters ? 2 * failureThreshold : failureThreshold
    }

    /// The lease of a probe.
    package var lease: Duration { callTimeout + leaseMargin }

    /// The longest possible opening, jitter included.
    var longestCoolDown: Duration {
        .microseconds(Int64((Double(maximumResetTimeout.wholeMicroseconds) * (1 + jitter)).rounded(.down)))
    }
}

extension CircuitState {
    /// The circumstances of a call that are recorded with its outcome.
    struct Report: Sendable {
        /// The breaker's generation when it granted the permit.
        let generation: Int64

        /// Whether the breaker counted failures then.
        let hasFailures: Bool

        /// Whether the call was slow.
        let isSlow: Bool

        /// The process that made the call.
        let reporter: UUID

        /// The tenant on whose behalf the call was made.
        let tenant: UUID?
    }

    /// Records the outcome of a call.
    ///
    /// - Returns: The change of the breaker's state; nil if there was none.
    mutating func record(
        _ outcome: CircuitOutcome,
        _ report: Report,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> CircuitTransition? {
        guard report.generation == generation else { return nil }
        switch outcome {
        case .limited(let wait, let reason):
            extendCooldown(by: wait, reason, of: report.tenant, at: now)
        case .refused(let error) where [.closed, .open, .halfOpen].contains(phase):
            clear(to: .refused)
            lastFailure = now
            lastError = error
            lastTenant = report.tenant
            return .refused
        default: break
        }
        switch phase {
        case .halfOpen: return recordProbe(outcome, report, under: policy, random: random, at: now)
        case .closed, .metricsOnly: return recordCall(outcome, report, under: policy, random: random, at: now)
        case .open, .forcedOpen, .refused, .disabled: return nil
        }
    }

    /// The later end applies.
    ///
    /// It moves in steps of one second, so that many processes with the same cool-down cause only one write to the
    /// database.
    private mutating func extendCooldown(
        by wait: Duration,
        _ reason: CooldownReason,
        of tenant: UUID?,
        at now: Duration
    ) {
        guard wait > .zero else { return }
        let until = now + wait
        if let cooldown, cooldown.until > now, cooldown.until >= until - .seconds(1) { return }
        cooldown = Cooldown(until: until, reason: reason)
        lastTenant = tenant
    }

    private mutating func recordProbe(
        _ outcome: CircuitOutcome,
        _ report: Report,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> CircuitTransition? {
        switch outcome {
        case .neutral, .limited, .suspicion, .refused:
            permitsLeft = min(permitsLeft + 1, policy.halfOpenPermits)
            return nil
        case .failure(let error):
            lastTenant = report.tenant
            return reopen(after: error, under: policy, random: random, at: now)
        case .success where report.isSlow && policy.window?.slowCallRate != nil:
            // If slow calls open the breaker, a slow probe must not close it.
            return reopen(after: "slow_call", under: policy, random: random, at: now)
        case .success:
            let needed = policy.successThreshold - probeSuccesses - 1
            guard needed > 0 else {
                clear(to: .closed)
                return .closed
            }
            probeSuccesses += 1
            // The permits in use and left never exceed the successes still needed, once they are down to that number.
            if policy.halfOpenPermits <= needed { permitsLeft = min(permitsLeft + 1, policy.halfOpenPermits) }
            return nil
        }
    }

    private mutating func reopen(
        after error: String,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> CircuitTransition {
        lastFailure = now
        lastError = error
        return .opened(for: open(under: policy, random: random, at: now))
    }

    private mutating func recordCall(
        _ outcome: CircuitOutcome,
        _ report: Report,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> CircuitTransition? {
        var exceeded: [CircuitLimit] = []
        switch outcome {
        case .neutral, .limited, .suspicion, .refused: return nil
        case .success:
            exceeded = count(report, isFailure: false, under: policy, at: now)
            if report.hasFailures {
                failures = 0
                reporters = 0
                lastReporter = nil
            }
        case .failure(let error):
            let rates = count(report, isFailure: true, under: policy, at: now)
            exceeded = fail(error, report, under: policy, at: now) ? [.failures] + rates : rates
        }
        guard !exceeded.isEmpty else { return nil }
        guard phase == .closed else { return .exceeded(exceeded) }
        return .opened(for: open(under: policy, random: random, at: now))
    }

    /// Counts a call in the window.
    ///
    /// - Returns: The exceeded rates; in metrics-only mode, only the rates that this call made exceed their limits.
    private mutating func count(
        _ report: Report,
        isFailure: Bool,
        under policy: CircuitBreakerPolicy,
        at now: Duration
    ) -> [CircuitLimit] {
        guard let window = policy.window else { return [] }
        let known = phase == .closed ? [] : calls.limits(exceeding: window, at: now)
        calls.add(isFailure: isFailure, isSlow: report.isSlow, to: window, at: now)
        return calls.limits(exceeding: window, at: now).filter { !known.contains($0) }
    }

    /// Counts a failure.
    ///
    /// - Returns: Whether the consecutive failures reach the threshold; in metrics-only mode, whether this failure
    ///   did so.
    private mutating func fail(
        _ error: String,
        _ report: Report,
        under policy: CircuitBreakerPolicy,
        at now: Duration
    ) -> Bool {
        if let decay = policy.failureDecay, let lastFailure, lastFailure <= now - decay { failures = 0 }
        let wasOver = failures >= policy.threshold(reporters: reporters)
        if failures == 0 {
            reporters = 1
        } else if lastReporter != report.reporter {
            reporters = 2
        }
        failures += 1
        lastReporter = report.reporter
        lastTenant = report.tenant
        lastFailure = now
        lastError = error
        return failures >= policy.threshold(reporters: reporters) && !(wasOver && phase == .metricsOnly)
    }
}
