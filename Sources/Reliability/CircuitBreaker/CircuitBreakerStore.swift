public import Base
public import System

/// Where the states of circuit breakers are kept.
///
/// An answer comes at once. Each permit's result is recorded at most once; the probe's lease covers a lost permit.
public protocol CircuitBreakerStore: ~Copyable {
    /// Asks for leave to make a call.
    ///
    /// - Parameters:
    ///   - name: The breaker: lower case letters, digits and `. _ / -`, at most 100.
    ///   - policy: What the call is judged by.
    /// - Returns: A permit, or why there is none.
    /// - Throws: When the store cannot be asked.
    mutating func acquire(
        _ name: String,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission

    /// Records the result of a call.
    ///
    /// - Returns: What the breaker made of it; nil where nothing changed.
    /// - Throws: When the store cannot record it.
    mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition?
}

/// Keeps the states of circuit breakers in the process, for when no database is there to share them.
public final class MemoryCircuitBreakerStore: CircuitBreakerStore, Sendable {
    private let states = Monitor<[String: CircuitState]>([:])
    private let reporter: UUID
    private let clock: @Sendable () -> Duration
    private let random: @Sendable () -> Double

    /// Makes a store of closed breakers.
    ///
    /// - Parameters:
    ///   - reporter: Stands for the process.
    ///   - clock: The time since some moment; must not go back.
    ///   - random: Numbers from 0 to 1, for a policy's jitter.
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

    /// Does with a breaker what an operator wants.
    public func perform(_ action: CircuitAction, on name: String) {
        let now = clock()
        states.withLock { $0[name, default: CircuitState()].perform(action, at: now) }
    }

    /// The state of a breaker.
    func state(of name: String) -> CircuitState? {
        states.withLock { $0[name] }
    }
}
