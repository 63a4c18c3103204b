public import Base
public import System

/// Shares the states of circuit breakers, and guards the process alone while they cannot be shared.
///
/// It never throws: a store that is down or slow costs a warning and one wait, and is then left alone for a while, so
/// that no second call waits. What the shared store said of an open breaker or a gate goes on to hold until its time
/// has passed; for the rest the process's own breaker judges by the same policy. A permit goes back to the store that
/// gave it.
public struct FallbackCircuitBreakerStore<Shared: CircuitBreakerStore & ~Copyable>: ~Copyable, CircuitBreakerStore {
    /// How long a shared store that failed is left alone.
    public var pause = Duration.seconds(1)

    /// The store that is shared.
    public var shared: Shared

    private let own: MemoryCircuitBreakerStore
    private let log: Log
    package let clock: @Sendable () -> Duration

    /// When the shared store is asked again; nil while it works.
    private var resumption: Duration?

    /// When the shared store is told of usage again; nil while it takes it.
    package var usageResumption: Duration?

    /// What the shared store said last of breakers that let nothing through.
    private var remembered: [String: Remembered] = [:]

    private struct Remembered {
        let rejection: CircuitRejection

        /// Until when it holds; nil until the shared store says something else.
        let end: Duration?
    }

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - shared: The store to use while it works.
    ///   - own: The process's own.
    ///   - log: Is told when the shared store stops working, when it works again, and what could not be recorded.
    ///   - clock: The time since some moment; must not go back.
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

    /// Ends its use and gives the shared store back.
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

    /// What was remembered stays where it lasts longer.
    private mutating func rememberCooldown(for wait: Duration, _ reason: CooldownReason, of name: String) {
        if let last = remembered[name], last.end.map({ $0 >= clock() + wait }) ?? true { return }
        remember(CircuitRejection(CircuitRejection.Reason(reason), retryAfter: wait), of: name)
    }

    private mutating func noteAnswer() {
        if resumption != nil { log.info("breaker.store_back") }
        resumption = nil
    }

    private mutating func noteFailure(_ error: any Error) {
        // Said once, not with every try while it lasts.
        if resumption == nil {
            log.warning("breaker.store_unavailable", ["error": String(reflecting: error)])
        }
        resumption = clock() + pause
    }
}
