public import Base
import Postgres

extension PostgresStores: UsageStore {
    /// As ``UsageStore/record(_:)``.
    ///
    /// - Throws: `PostgresError`.
    public mutating func record(_ usage: UsageRecord) throws {
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
            within: usageLimit
        )
    }

    /// As ``UsageStore/reserve(_:for:of:within:lifetime:)``.
    ///
    /// - Throws: ``BudgetExceeded`` or `PostgresError`.
    public mutating func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration
    ) throws {
        let rows = try run(
            """
            SELECT * FROM nofx.reserve_ai_budget(\(team), \(call), \(amount), \(lifetime), \(budget.daily),
                                                 \(budget.monthly))
            """,
            within: usageLimit
        )
        guard let row = rows.first, let exceeded = try row["exceeded"] as String?,
            let period = BudgetExceeded.Period(rawValue: exceeded)
        else { return }
        throw BudgetExceeded(period, budget: try row["budget"], resetsIn: try row["resets_in"])
    }

    /// As ``UsageStore/release(_:)``.
    ///
    /// - Throws: `PostgresError`.
    public mutating func release(_ call: UUID) throws {
        _ = try run("SELECT nofx.release_ai_budget(\(call))", within: usageLimit)
    }
}
