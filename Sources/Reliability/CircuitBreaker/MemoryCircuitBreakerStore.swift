public import Base
public import System

/// Keeps circuit breakers' states in the process, for programs without a shared database.
public final class MemoryCircuitBreakerStore: CircuitBreakerStore, Sendable {
    /// The maximum number of breakers below one breaker.
    static let maximumBelow = 200

    private let states = Monitor<[String: CircuitState]>([:])
    private let reporter: UUID
    private let clock: @Sendable () -> Duration
    private let random: @Sendable () -> Double

    /// Makes a store in which all breakers are closed.
    ///
    /// - Parameters:
    ///   - reporter: Identifies the process.
    ///   - clock: The time since a fixed moment; it must not go backwards.
    ///   - random: Draws a number from 0 to 1, for the jitter.
    public init(
        reporter: UUID = .v7(),
        clock: @escaping @Sendable () -> Duration = { SystemClock.uptime },
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.reporter = reporter
        self.clock = clock
        self.random = random
    }

    public func acquire(_ names: [String], under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        let now = clock()
        let random = policy.jitter > 0 ? random() : 0
        return states.withLock { states in
            var admitted: [String: CircuitState] = [:]
            var grants: [CircuitGrant] = []
            var longest: CircuitRejection?
            for name in names {
                guard var state = states[name] else {
                    grants.append(CircuitGrant(name: name))
                    continue
                }
                switch state.admit(name, under: policy, random: random, at: now) {
                case .allowed(let grant):
                    admitted[name] = state
                    grants.append(grant)
                case .rejected(let rejection):
                    states[name] = state
                    if longest.map(rejection.outlasts) ?? true { longest = rejection }
                }
            }
            if let longest { return .rejected(longest) }
            states.merge(admitted) { $1 }
            return .permitted(CircuitPermit(grants))
        }
    }

    public func record(
        _ outcomes: [CircuitOutcome],
        of permit: consuming CircuitPermit,
        for tenant: UUID?,
        under policy: CircuitBreakerPolicy
    ) -> [CircuitChange] {
        let changes = permit.changes(outcomes, under: policy)
        let now = clock()
        let random = policy.jitter > 0 ? random() : 0
        let isSlow = policy.window?.isSlow(permit.duration) ?? false
        return states.withLock { states in
            changes.compactMap { grant, outcome in
                let report = CircuitState.Report(
                    generation: grant.generation,
                    hasFailures: grant.hasFailures,
                    isSlow: isSlow,
                    reporter: reporter,
                    tenant: tenant
                )
                let outcome = outcome.decided { source in
                    states.contains {
                        $0.key != source && $0.value.isSuspect(below: grant.name, $0.key, tenant, at: now)
                    }
                }
                if states[grant.name] == nil {
                    guard outcome != .neutral, grant.generation == 0, states.makeRoom(for: grant.name, at: now) else {
                        return nil
                    }
                }
                return states[grant.name, default: CircuitState()]
                    .record(outcome, report, under: policy, random: random, at: now)
                    .map { CircuitChange(name: grant.name, $0) }
            }
        }
    }

    /// Performs an operator's action on a breaker.
    public func perform(_ action: CircuitAction, on name: String) {
        let now = clock()
        states.withLock { $0[name, default: CircuitState()].perform(action, at: now) }
    }

    func state(of name: String) -> CircuitState? {
        states.withLock { $0[name] }
    }

    /// The breakers that have a state.
    var names: [String] { states.withLock { Array($0.keys) } }
}

extension CircuitRejection {
    /// Whether the rejection lasts longer than another; one without an end lasts longest.
    fileprivate func outlasts(_ other: CircuitRejection) -> Bool {
        guard let wait = other.retryAfter else { return false }
        return retryAfter.map { $0 > wait } ?? true
    }
}

extension CircuitOutcome {
    /// A suspicion as a failure or as neutral, whichever it is; any other outcome as it is.
    fileprivate func decided(_ isConfirmed: (String) -> Bool) -> CircuitOutcome {
        guard case .suspicion(let error, let source) = self else { return self }
        return isConfirmed(source) ? .failure(error: error) : .neutral
    }
}

extension CircuitState {
    /// How long a failure counts as a sign that the breaker above may be at fault.
    private static let suspicionAge = Duration.seconds(300)

    /// Whether calls of another tenant fail at this breaker, which is below another one.
    ///
    /// Without a tenant, those of any tenant count.
    fileprivate func isSuspect(below above: String, _ name: String, _ tenant: UUID?, at now: Duration) -> Bool {
        guard failures > 0, let lastFailure, lastFailure > now - Self.suspicionAge else { return false }
        return name.hasPrefix("\(above)/") && (tenant == nil || lastTenant != tenant)
    }

    /// Whether the breaker is closed, without a cool-down and without recent failures.
    fileprivate func isIdle(at now: Duration) -> Bool {
        guard phase == .closed, cooldown.map({ $0.until <= now }) ?? true else { return false }
        return failures == 0 || (lastFailure.map { $0 <= now - Self.suspicionAge } ?? true)
    }

    /// Whether an operator set the state.
    fileprivate var isOverride: Bool { [.forcedOpen, .disabled, .metricsOnly].contains(phase) }

    /// When the breaker last mattered.
    fileprivate var lastUse: Duration { max(lastFailure ?? .zero, cooldown?.until ?? .zero) }
}

extension [String: CircuitState] {
    /// Makes room for a new breaker below another one: removes the oldest idle one, or else the oldest of the tenant that
    /// has most of them.
    ///
    /// - Returns: Whether there is room.
    fileprivate mutating func makeRoom(for name: String, at now: Duration) -> Bool {
        guard name.contains("/") else { return true }
        let root = name.circuitRoot
        let below = filter { $0.key.contains("/") && $0.key.circuitRoot == root }
        guard below.count >= MemoryCircuitBreakerStore.maximumBelow else { return true }
        let shares = below.values.reduce(into: [UUID?: Int]()) { $0[$1.lastTenant, default: 0] += 1 }
        func rank(_ state: CircuitState) -> (Int, Int, Duration) {
            state.isIdle(at: now) ? (0, 0, state.lastUse) : (1, -(shares[state.lastTenant] ?? 0), state.lastUse)
        }
        let oldest = below.filter { !$0.value.isOverride }.min { rank($0.value) < rank($1.value) }
        guard let oldest else { return false }
        self[oldest.key] = nil
        return true
    }
}

extension String {
    /// The name of the breaker above: the part before the first `/` or `@`.
    fileprivate var circuitRoot: Substring { prefix { $0 != "/" && $0 != "@" } }
}
