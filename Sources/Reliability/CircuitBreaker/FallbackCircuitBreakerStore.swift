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

    public mutating func acquire(_ names: [String], under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        guard isSharing else { return acquireAlone(names, under: policy) }
        do {
            let admission = try shared.acquire(names, under: policy)
            noteAnswer()
            switch consume admission {
            case .permitted(let permit):
                for name in names { remembered[name] = nil }
                return .permitted(permit)
            case .rejected(let rejection):
                remember(rejection)
                return .rejected(rejection)
            }
        } catch {
            noteFailure(error)
            return acquireAlone(names, under: policy)
        }
    }

    public mutating func record(
        _ outcomes: [CircuitOutcome],
        of permit: consuming CircuitPermit,
        for tenant: UUID?,
        under policy: CircuitBreakerPolicy
    ) -> [CircuitChange] {
        if permit.isSubstitute { return own.record(outcomes, of: permit, for: tenant, under: policy) }
        let changes = permit.changes(outcomes, under: policy)
        guard let narrowest = changes.last?.grant.name else { return [] }
        for (grant, outcome) in changes { remember(outcome, of: grant.name) }
        guard isSharing else {
            log.warning("breaker.record_lost", ["breaker": narrowest])
            return []
        }
        do {
            let changes = try shared.record(outcomes, of: permit, for: tenant, under: policy)
            noteAnswer()
            for change in changes {
                switch change.transition {
                case .opened(let wait): remember(CircuitRejection(of: change.name, .open, retryAfter: wait))
                case .closed: remembered[change.name] = nil
                case .halfOpened, .exceeded, .refused: break
                }
            }
            return changes
        } catch {
            noteFailure(error)
            log.warning("breaker.record_lost", ["breaker": narrowest])
            return []
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

    private func acquireAlone(_ names: [String], under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        let now = clock()
        for name in names {
            guard let last = remembered[name], last.end.map({ $0 > now }) ?? true else { continue }
            return .rejected(
                CircuitRejection(
                    of: name,
                    last.rejection.reason,
                    retryAfter: last.end.map { $0 - now },
                    lastError: last.rejection.lastError
                )
            )
        }
        switch own.acquire(names, under: policy) {
        case .rejected(let rejection): return .rejected(rejection)
        case .permitted(var permit):
            permit.isSubstitute = true
            return .permitted(permit)
        }
    }

    private mutating func remember(_ rejection: CircuitRejection) {
        let (name, now) = (rejection.name, clock())
        if remembered.count >= MemoryCircuitBreakerStore.maximumBelow {
            remembered = remembered.filter { $0.value.end.map { $0 > now } ?? true }
        }
        switch rejection.reason {
        case .probing: remembered[name] = nil
        case .forcedOpen, .refused: remembered[name] = Remembered(rejection: rejection, end: nil)
        case .open, .rateLimited, .quotaExhausted:
            remembered[name] = Remembered(rejection: rejection, end: now + (rejection.retryAfter ?? .zero))
        }
    }

    /// Remembers what an outcome rejects; a remembered rejection that lasts longer is kept.
    private mutating func remember(_ outcome: CircuitOutcome, of name: String) {
        switch outcome {
        case .limited(let wait, let reason):
            if let last = remembered[name], last.end.map({ $0 >= clock() + wait }) ?? true { return }
            remember(CircuitRejection(of: name, CircuitRejection.Reason(reason), retryAfter: wait))
        case .refused(let error): remember(CircuitRejection(of: name, .refused, lastError: error))
        default: return
        }
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
