public import Base
public import System

/// Shares circuit breakers through a store, and uses breakers of the process alone while the store is unavailable.
///
/// The store never throws. If the shared store is down or slow, one call waits and logs a warning; then the shared
/// store is paused, so that no other call waits. While it is paused, the last rejection by the shared store (an open
/// breaker or a cool-down) applies until its time is over. Otherwise the process's own breaker decides, under the
/// same policy. An outcome is recorded in the store that granted the permit.
public struct FallbackCircuitBreakerStore<Shared: CircuitBreakerStore & ~Copyable>: ~Copyable, CircuitBreakerStore {
    /// The pause after a failure of the shared store.
    public var pause = Duration.seconds(1)

    public var shared: Shared

    private let own: MemoryCircuitBreakerStore
    private let log: Log
    package let clock: @Sendable () -> Duration

    /// When the pause for breakers ends; nil while the shared store works.
    private var resumption: Duration?

    /// When the pause for usage ends; nil while the shared store accepts usage.
    package var usageResumption: Duration?

    /// The last rejection by the shared store, by breaker.
    private var remembered: [String: Remembered] = [:]

    private struct Remembered {
        let rejection: CircuitRejection

        /// When it expires; nil if it applies until the shared store answers otherwise.
        let end: Duration?
    }

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - shared: The store to use while it works.
    ///   - own: The store to use in its place.
    ///   - log: Receives an entry when the shared store fails, when it works again, and for each lost outcome.
    ///   - clock: The time since a fixed moment; it must not go backwards.
    public init(
        _ shared: consuming Shared,
        over own: MemoryCircuitBreakerStore = MemoryCircuitBreakerStore(),
        log: Log,
        clock: @escaping @Sendable () -> Duration = { SystemClock.uptime }
    ) {
        self.shared = shared
        self.own = own
        self.log = log
        self.clock = clock
    }

    public mutating func acquire(_ name: String, under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        guard isSharing else { return acquireAlone(name, under: policy) }
        do {
            let admission = try shared.acquire(name, under: policy)
            noteAnswer()
            switch consume admission {
            case .permitted(let permit):
                remembered[name] = nil
                return .permitted(permit)
            case .rejected(let rejection):
                remember(rejection, of: name)
                return .rejected(rejection)
            }
        } catch {
            noteFailure(error)
            return acquireAlone(name, under: policy)
        }
    }

    public mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) -> CircuitTransition? {
        if permit.isSubstitute { return own.record(outcome, of: permit, under: policy) }
        guard permit.changesState(outcome, under: policy) else { return nil }
        let name = permit.name
        if case .limited(let wait, let reason) = outcome { rememberCooldown(for: wait, reason, of: name) }
        guard isSharing else {
            log.warning("breaker.record_lost", ["breaker": name])
            return nil
        }
        do {
            let transition = try shared.record(outcome, of: permit, under: policy)
            noteAnswer()
            switch transition {
            case .opened(let wait): remember(CircuitRejection(.open, retryAfter: wait), of: name)
            case .closed: remembered[name] = nil
            case .halfOpened, .exceeded, nil: break
            }
            return transition
        } catch {
            noteFailure(error)
            log.warning("breaker.record_lost", ["breaker": name])
            return nil
        }
    }

    /// Ends the store and returns the shared store.
    public consuming func end() -> Shared {
        shared
    }
}

extension FallbackCircuitBreakerStore where Shared: ~Copyable {
    package var isSharing: Bool {
        guard let resumption else { return true }
        return resumption <= clock()
    }

    private func acquireAlone(_ name: String, under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        let now = clock()
        if let last = remembered[name], last.end.map({ $0 > now }) ?? true {
            let rejection = last.rejection
            return .rejected(
                CircuitRejection(
                    rejection.reason,
                    retryAfter: last.end.map { $0 - now },
                    lastError: rejection.lastError
                )
            )
        }
        switch own.acquire(name, under: policy) {
        case .rejected(let rejection): return .rejected(rejection)
        case .permitted(var permit):
            permit.isSubstitute = true
            return .permitted(permit)
        }
    }

    private mutating func remember(_ rejection: CircuitRejection, of name: String) {
        switch rejection.reason {
        case .probing: remembered[name] = nil
        case .forcedOpen: remembered[name] = Remembered(rejection: rejection, end: nil)
        case .open, .rateLimited, .quotaExhausted:
            let end = rejection.retryAfter.map { clock() + $0 }
            remembered[name] = Remembered(rejection: rejection, end: end ?? clock())
        }
    }

    /// A remembered rejection that lasts longer is kept.
    private mutating func rememberCooldown(for wait: Duration, _ reason: CooldownReason, of name: String) {
        if let last = remembered[name], last.end.map({ $0 >= clock() + wait }) ?? true { return }
        remember(CircuitRejection(CircuitRejection.Reason(reason), retryAfter: wait), of: name)
    }

    private mutating func noteAnswer() {
        if resumption != nil { log.info("breaker.store_back") }
        resumption = nil
    }

    private mutating func noteFailure(_ error: any Error) {
        // Logged once per outage, not with each attempt.
        if resumption == nil {
            log.warning("breaker.store_unavailable", ["error": String(reflecting: error)])
        }
        resumption = clock() + pause
    }
}
