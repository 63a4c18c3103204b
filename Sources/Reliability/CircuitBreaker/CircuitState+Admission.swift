import Base

extension CircuitState {
    /// The answer to a request for a permit.
    enum Verdict: Hashable, Sendable {
        case allowed(CircuitGrant)
        case rejected(CircuitRejection)
    }

    /// Decides on a request for a permit of the breaker, which has a name.
    mutating func admit(
        _ name: String,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> Verdict {
        if let cooldown, cooldown.until > now, phase != .forcedOpen, phase != .refused {
            return .rejected(
                CircuitRejection(
                    of: name,
                    CircuitRejection.Reason(cooldown.reason),
                    retryAfter: cooldown.until - now
                )
            )
        }
        switch phase {
        case .forcedOpen: return .rejected(CircuitRejection(of: name, .forcedOpen, lastError: lastError))
        case .refused: return .rejected(CircuitRejection(of: name, .refused, lastError: lastError))
        case .closed, .metricsOnly: return .allowed(grant(name))
        case .disabled: return .allowed(grant(name, isUnrecorded: true))
        case .open:
            // A later end than the policy can set comes from another policy, or from a clock that was set back.
            openUntil = min(openUntil, now + policy.longestCoolDown)
            guard openUntil <= now else {
                return .rejected(
                    CircuitRejection(of: name, .open, retryAfter: openUntil - now, lastError: lastError)
                )
            }
            beginProbing(under: policy)
            halfOpenSince = now
            return takePermit(name, under: policy, at: now, .halfOpened)
        case .halfOpen:
            // The caller's own lease may be shorter than that of a running probe.
            probeDeadline = min(probeDeadline, now + probeLease)
            halfOpenSince = min(halfOpenSince, now)
            if let wait = policy.halfOpenMaximumWait, halfOpenSince + wait <= now {
                return giveUpProbing(name, under: policy, random: random, at: now)
            }
            guard probeDeadline > now else {
                probeDeadline = .zero
                beginProbing(under: policy)
                return takePermit(name, under: policy, at: now, nil)
            }
            guard permitsLeft > 0 else {
                return .rejected(
                    CircuitRejection(of: name, .probing, retryAfter: probeDeadline - now, lastError: lastError)
                )
            }
            return takePermit(name, under: policy, at: now, nil)
        }
    }

    private func grant(
        _ name: String,
        isProbe: Bool = false,
        isUnrecorded: Bool = false,
        _ transition: CircuitTransition? = nil
    ) -> CircuitGrant {
        CircuitGrant(
            name: name,
            generation: generation,
            isProbe: isProbe,
            hasFailures: failures > 0,
            isUnrecorded: isUnrecorded,
            transition: transition
        )
    }

    private mutating func beginProbing(under policy: CircuitBreakerPolicy) {
        phase = .halfOpen
        generation += 1
        openUntil = .zero
        permitsLeft = policy.halfOpenPermits
        probeSuccesses = 0
    }

    private mutating func takePermit(
        _ name: String,
        under policy: CircuitBreakerPolicy,
        at now: Duration,
        _ transition: CircuitTransition?
    ) -> Verdict {
        permitsLeft -= 1
        probeDeadline = max(probeDeadline, now + policy.lease)
        probeLease = probeDeadline - now
        return .allowed(grant(name, isProbe: true, transition))
    }

    private mutating func giveUpProbing(
        _ name: String,
        under policy: CircuitBreakerPolicy,
        random: Double,
        at now: Duration
    ) -> Verdict {
        guard !policy.closesAfterMaximumWait else {
            clear(to: .closed)
            return .allowed(grant(name, .closed))
        }
        let wait = open(under: policy, random: random, at: now)
        return .rejected(
            CircuitRejection(of: name, .open, retryAfter: wait, lastError: lastError, transition: .opened(for: wait))
        )
    }
}
