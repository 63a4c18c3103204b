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
                \(usage.costNanoUSD), \(usage.providerCostNanoUSD), \(usage.duration), \(usage.rateLimit))
            """,
            within: usageLimit(until: deadline)
        )
    }

    /// See ``UsageStore/reserve(_:for:of:within:lifetime:by:)``.
    ///
    /// - Throws: ``BudgetExceeded`` or `PostgresError`.
    public mutating func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline = .distantFuture
    ) throws {
        let rows = try run(
            """
            SELECT * FROM nofx.reserve_ai_budget(\(team), \(call), \(amount), \(lifetime), \(budget.daily),
                                                 \(budget.monthly))
            """,
            within: usageLimit(until: deadline)
        )
        guard let row = rows.first, let exceeded = try row["exceeded"] as String?,
            let period = BudgetExceeded.Period(rawValue: exceeded)
        else { return }
        throw BudgetExceeded(period, budget: try row["budget"], resetsIn: try row["resets_in"])
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
