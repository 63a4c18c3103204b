public import Base
import Postgres
public import Core

extension PostgresStores: UsageStore {
    /// See ``UsageStore/record(_:by:)``.
    ///
    /// - Throws: `PostgresError`.
    public mutating func record(_ usage: UsageRecord, by deadline: Deadline = .distantFuture) throws {
        let tokens = usage.tokens
        _ = try run(
            """
            SELECT nofx.record_ai_attempt(
                \(usage.call), \(Int32(clamping: usage.attempt)), \(usage.team), \(usage.provider), \(usage.model),
                \(usage.requestedModel), \(usage.outcome), \(usage.status.map { Int32(clamping: $0) }),
                \(usage.requestID),
                \([tokens.input, tokens.output, tokens.cacheRead, tokens.cacheWrite5m, tokens.cacheWrite1h,
                   tokens.reasoning]),
                \(usage.costNanoUSD), \(usage.providerCostNanoUSD), \(usage.duration), \(usage.rateLimit),
                \(tokens.isEstimated))
            """,
            within: usageLimit(until: deadline)
        )
    }

    /// See ``UsageStore/begin(_:within:lifetime:by:)``.
    ///
    /// - Throws: ``AttemptRefusal`` or `PostgresError`.
    public mutating func begin(
        _ attempt: AttemptStart,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline = .distantFuture
    ) throws {
        let rows = try run(
            """
            SELECT * FROM nofx.begin_ai_attempt(
                \(attempt.call), \(Int32(clamping: attempt.attempt)), \(attempt.team), \(attempt.provider),
                \(attempt.model), \(attempt.tokens.prompt), \(attempt.tokens.output), \(attempt.cost), \(lifetime),
                \(budget.daily), \(budget.monthly), \(budget.unpriced))
            """,
            within: usageLimit(until: deadline)
        )
        guard let row = rows.first else { return }
        if let refusal = try AttemptRefusal(row: row) { throw refusal }
    }

    /// See ``UsageStore/release(_:by:)``.
    ///
    /// - Throws: `PostgresError`.
    public mutating func release(_ call: UUID, by deadline: Deadline = .distantFuture) throws {
        _ = try run("SELECT nofx.release_ai_budget(\(call))", within: usageLimit(until: deadline))
    }

    /// The time until the deadline, but at least 0.1 s, so that usage is still recorded after the deadline.
    private func usageLimit(until deadline: Deadline) -> Duration {
        min(usageLimit, max(deadline.remaining, .milliseconds(100)))
    }
}

extension AttemptRefusal {
    /// Reads the answer of `nofx.begin_ai_attempt`; nil if the attempt may be sent.
    fileprivate init?(row: borrowing Row) throws(PostgresError) {
        switch try row["refusal"] as String? {
        case nil: return nil
        case "unpriced": self = .unpriced
        case "limited": self = .limited(seconds: try row["resets_in"])
        case let period?:
            self = .budgetExceeded(
                BudgetExceeded(
                    BudgetExceeded.Period(rawValue: period) ?? .daily,
                    budget: try row["budget"],
                    resetsIn: try row["resets_in"]
                )
            )
        }
    }
}
