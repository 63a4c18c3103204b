import Base
import Core
import System
import Reliability
import AI

/// Breakers and usage in memory, which the tools of several threads share.
final class ToolStores: CircuitBreakerStore, UsageStore, Sendable {
    let circuits = MemoryCircuitBreakerStore()
    private let usage = Monitor(MemoryUsageStore())

    /// What refuses every attempt; nil for nothing.
    let refusal = Monitor<AttemptRefusal?>(nil)

    /// All recorded attempts.
    var records: [UsageRecord] { usage.withLock { $0.records } }

    func acquire(_ names: [String], under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        circuits.acquire(names, under: policy)
    }

    func record(
        _ outcomes: [CircuitOutcome],
        of permit: consuming CircuitPermit,
        for tenant: UUID?,
        under policy: CircuitBreakerPolicy
    ) -> [CircuitChange] {
        circuits.record(outcomes, of: permit, for: tenant, under: policy)
    }

    func record(_ record: UsageRecord, by deadline: Deadline) {
        usage.withLock { $0.record(record, by: deadline) }
    }

    func begin(
        _ attempt: AttemptStart,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline
    ) throws {
        if let refusal = refusal.withLock({ $0 }) { throw refusal }
        try usage.withLock { try $0.begin(attempt, within: budget, lifetime: lifetime, by: deadline) }
    }

    func release(_ call: UUID, by deadline: Deadline) {
        usage.withLock { $0.release(call, by: deadline) }
    }
}
