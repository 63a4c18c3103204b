public import Base
public import System

/// The store of circuit breakers' states.
///
/// A store answers at once and does not wait until a permit is free. Each permit's outcome is recorded at most once.
/// If a probe's permit is lost, its lease expires.
public protocol CircuitBreakerStore: ~Copyable {
    /// Asks for a permit for one call.
    ///
    /// - Parameters:
    ///   - name: The breaker's name: lower-case letters, digits and `. _ / -`, at most 100.
    ///   - policy: The policy that applies to the call.
    /// - Returns: A permit, or the reason for the rejection.
    /// - Throws: An error if the store cannot be reached.
    mutating func acquire(
        _ name: String,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission

    /// Records the outcome of a call.
    ///
    /// - Returns: The change of the breaker's state; nil if there was none.
    /// - Throws: An error if the store cannot record the outcome.
    mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition?
}

/// Keeps circuit breakers' states in the process, for programs without a shared database.
public final class MemoryCircuitBreakerStore: CircuitBreakerStore, Sendable {
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

    public func acquire(_ name: String, under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        let now = clock()
        let random = policy.jitter > 0 ? random() : 0
        let (verdict, state) = states.withLock { states in
            guard var state = states[name] else {
                return (CircuitState.Verdict.allowed(isProbe: false, isUnrecorded: false, nil), CircuitState())
            }
            let verdict = state.admit(under: policy, random: random, at: now)
            states[name] = state
            return (verdict, state)
        }
        switch verdict {
        case .rejected(let rejection): return .rejected(rejection)
        case .allowed(let isProbe, let isUnrecorded, let transition):
            return .permitted(
                CircuitPermit(
                    name: name,
                    generation: state.generation,
                    isProbe: isProbe,
                    hasFailures: state.failures > 0,
                    isUnrecorded: isUnrecorded,
                    transition: transition
                )
            )
        }
    }

    public func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) -> CircuitTransition? {
        guard permit.changesState(outcome, under: policy) else { return nil }
        let now = clock()
        let random = policy.jitter > 0 ? random() : 0
        let name = permit.name
        let report = CircuitState.Report(
            generation: permit.generation,
            hasFailures: permit.hasFailures,
            isSlow: policy.window?.isSlow(permit.duration) ?? false,
            reporter: reporter
        )
        return states.withLock { states in
            states[name, default: CircuitState()].record(outcome, report, under: policy, random: random, at: now)
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
}
