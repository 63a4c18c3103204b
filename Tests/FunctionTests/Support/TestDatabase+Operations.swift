import Base
import Core
import Postgres
import TestSupport

@testable import Teams
import Reliability
@testable import AI

extension TestDatabase {
    /// Performs an operator's action on a circuit breaker.
    func breaker(_ name: String, _ action: CircuitAction) throws {
        try rows("SELECT nofx.circuit_set(\(name), \(action.rawValue))")
    }

    /// The recorded actions of operators, oldest first.
    func operatorActions() throws -> [String] {
        try value(
            """
            SELECT coalesce(array_agg(concat_ws(' ', action, subject, user_id, credential, before ->> 'state',
                                                after ->> 'state') ORDER BY id), '{}')
            FROM nofx.operator_actions
            """
        )
    }

    /// Records attempts at AI calls.
    func record(_ records: UsageRecord...) throws {
        var store = PostgresStores(Database(at: try ConnectionString(operatorURL)), log: .silent)
        for record in records { try store.record(record) }
    }
}

extension Team {
    /// An attempt with a cost in billionths of a dollar.
    func attempt(
        _ cost: Int64?,
        provider: String = "openai",
        model: String = "gpt-6-sol",
        outcome: String = "ok"
    ) -> UsageRecord {
        UsageRecord(
            call: .v7(),
            attempt: 1,
            team: id.uuid,
            provider: provider,
            model: model,
            requestedModel: model,
            outcome: outcome,
            tokens: TokenUsage(input: 100, output: 20, cacheRead: 3, cacheWrite5m: 4, cacheWrite1h: 5, reasoning: 6),
            costNanoUSD: cost
        )
    }
}
