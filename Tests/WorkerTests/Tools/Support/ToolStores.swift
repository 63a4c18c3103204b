import Base
import Core
import System
import Reliability
import AI

/// Breakers and usage in memory, which the tools of several threads share.
final class ToolStores: CircuitBreakerStore, UsageStore, Sendable {
    let circuits = MemoryCircuitBreakerStore()
    private let usage = Monitor(MemoryUsageStore())

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

    func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline
    ) throws {
        try usage.withLock {
            try $0.reserve(amount, for: call, of: team, within: budget, lifetime: lifetime, by: deadline)
        }
    }

    func release(_ call: UUID, by deadline: Deadline) {
        usage.withLock { $0.release(call, by: deadline) }
    }
}
