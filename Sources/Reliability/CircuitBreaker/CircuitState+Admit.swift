extension CircuitState {
    /// What a call is told.
    enum Verdict: Hashable, Sendable {
        case allowed(isProbe: Bool, isUnrecorded: Bool, CircuitTransition?)
        case rejected(CircuitRejection)
    }

    /// Asks for leave to call.
    mutating func admit(under policy: CircuitBreakerPolicy, random: Double, at now: Duration) -> Verdict {
        if phase == .forcedOpen { return .rejected(CircuitRejection(.forcedOpen, lastError: lastError)) }
        if let cooldown, cooldown.until > now {
            return .rejected(
                CircuitRejection(CircuitRejection.Reason(cooldown.reason), retryAfter: cooldown.until - now)
            )
        }
        switch phase {
        case .closed, .metricsOnly: return .allowed(isProbe: false, isUnrecorded: false, nil)
        case .disabled: return .allowed(isProbe: false, isUnrecorded: true, nil)
        case .open:
            // Further away than it can ever have been set: another policy's, or a clock's that was set back.
            openUntil = min(openUntil, now + policy.longestCoolDown)
            guard openUntil <= now else {
                return .rejected(CircuitRejection(.open, retryAfter: openUntil - now, lastError: lastError))
            }
            beginProbing(under: policy)
            halfOpenSince = now
            return takePermit(under: policy, at: now, .halfOpened)
        case .halfOpen, .forcedOpen:
            probeDeadline = min(probeDeadline, now + policy.lease)
            halfOpenSince = min(halfOpenSince, now)
            if let wait = policy.halfOpenMaximumWait, halfOpenSince + wait <= now {
                return giveUpProbing(under: policy, random: random, at: now)
            }
            guard probeDeadline > now else {
                beginProbing(under: policy)
                return takePermit(under: policy, at: now, nil)
            }
            guard permitsLeft > 0 else {
                return .rejected(CircuitRejection(.probing, retryAfter: probeDeadline - now, lastError: lastError))
            }
            return takePermit(under: policy, at: now, nil)
        }
    }

    private mutating func beginProbing(under policy: CircuitBreakerPolicy) {
        phase = .halfOpen
        generation += 1
        openUntil = .zero
        permitsLeft = policy.halfOpenPermits
        probeSuccesses = 0
    }

    private mutating func takePermit(
        under policy: CircuitBreakerPolicy,
        at now: Duration,
        _ transition: CircuitTransition?
    ) -> Verdict {
        permitsLeft -= 1
        probeDeadline = now + policy.lease
        return .allowed(isProbe: true, isUnrecorded: false, transition)
    }

    private mutating func giveUpProbing(
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> Verdict {
        guard !policy.closesAfterMaximumWait else {
            clear(to: .closed)
            return .allowed(isProbe: false, isUnrecorded: false, .closed)
        }
        let wait = open(under: policy, random: random, at: now)
        return .rejected(
            CircuitRejection(.open, retryAfter: wait, lastError: lastError, transition: .opened(for: wait))
        )
    }
}
