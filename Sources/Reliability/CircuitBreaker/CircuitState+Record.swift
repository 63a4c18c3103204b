import Base

extension CircuitState {
    /// What is recorded of a call beside its outcome.
    struct Report: Sendable {
        /// The generation that the call was let through under.
        let generation: Int64

        /// Whether there were failures then.
        let hasFailures: Bool

        /// Whether the call was slow.
        let isSlow: Bool

        /// The process that made it.
        let reporter: UUID
    }

    /// Takes what came of a call.
    ///
    /// - Returns: What changed by it; nil when nothing did.
    mutating func record(
        _ outcome: CircuitOutcome,
        _ report: Report,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> CircuitTransition? {
        guard report.generation == generation else { return nil }
        if case .limited(let wait, let reason) = outcome { extendCooldown(by: wait, reason, at: now) }
        switch phase {
        case .halfOpen: return recordProbe(outcome, report, under: policy, random: random, at: now)
        case .closed, .metricsOnly: return recordCall(outcome, report, under: policy, random: random, at: now)
        case .open, .forcedOpen, .disabled: return nil
        }
    }

    /// The later time stays, and is moved in steps of a second: in the database, many who are told the same write it
    /// once.
    private mutating func extendCooldown(by wait: Duration, _ reason: CooldownReason, at now: Duration) {
        guard wait > .zero else { return }
        let until = now + wait
        if let cooldown, cooldown.until > now, cooldown.until >= until - .seconds(1) { return }
        cooldown = Cooldown(until: until, reason: reason)
    }

    private mutating func recordProbe(
        _ outcome: CircuitOutcome,
        _ report: Report,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> CircuitTransition? {
        switch outcome {
        case .neutral, .limited:
            permitsLeft = min(permitsLeft + 1, policy.halfOpenPermits)
            return nil
        case .failure(let error):
            return reopen(after: error, under: policy, random: random, at: now)
        case .success where report.isSlow && policy.window?.slowCallRate != nil:
            // Where slow calls open a breaker, a slow probe does not close it.
            return reopen(after: "slow_call", under: policy, random: random, at: now)
        case .success:
            let needed = policy.successThreshold - probeSuccesses - 1
            guard needed > 0 else {
                clear(to: .closed)
                return .closed
            }
            probeSuccesses += 1
            // Permits that are out or left are never more than the successes still needed, once they were.
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
        case .neutral, .limited: return nil
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

    /// Counts a call into the window.
    ///
    /// - Returns: The rates that are too high; where the breaker only counts, those that this call made so.
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
    /// - Returns: Whether there are too many in a row; where the breaker only counts, whether this one made it so.
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
        lastFailure = now
        lastError = error
        return failures >= policy.threshold(reporters: reporters) && !(wasOver && phase == .metricsOnly)
    }
}
