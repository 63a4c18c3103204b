import Base
import Postgres

/// Where all is well, asking is one read and telling is nothing.
extension PostgresStores: CircuitBreakerStore {
    public mutating func acquire(
        _ name: String,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission {
        let rows = try run(
            """
            SELECT verdict, generation, is_dirty, wait, error, transition
            FROM nofx.circuit_acquire(\(name), \(policy.json.description))
            """,
            within: answerLimit
        )
        return try CircuitAdmission(name: name, row: rows.first)
    }

    public mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition? {
        guard permit.isNews(outcome, under: policy) else { return nil }
        let report = outcome.columns
        let isSlow = policy.window?.isSlow(permit.duration) ?? false
        let rows = try run(
            """
            SELECT transition, wait, exceeded
            FROM nofx.circuit_record(\(permit.name), \(permit.generation), \(report.kind), \(report.error),
                                     \(report.wait), \(report.reason), \(permit.isDirty), \(isSlow), \(reporter),
                                     \(policy.json))
            """,
            within: answerLimit
        )
        return try CircuitTransition(recorded: rows.first)
    }
}
