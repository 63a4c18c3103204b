import Base
import Reliability

// Stores that never fail, for tests of one breaker.

extension MemoryCircuitBreakerStore {
    func acquire(_ name: String, under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        acquire([name], under: policy)
    }

    func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) -> CircuitTransition? {
        record([outcome], of: permit, for: nil, under: policy).first?.transition
    }
}

extension FallbackCircuitBreakerStore where Shared: ~Copyable {
    mutating func acquire(_ name: String, under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        acquire([name], under: policy)
    }

    mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) -> CircuitTransition? {
        record([outcome], of: permit, for: nil, under: policy).first?.transition
    }
}

extension CircuitPermit {
    var generation: Int64 { grants[0].generation }
    var isProbe: Bool { grants[0].isProbe }
    var transition: CircuitTransition? { grants[0].transition }
}
