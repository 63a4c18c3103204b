public import Base
import Postgres

/// Keeps usage in Postgres, one round trip a call, on a connection of its own.
///
/// It is nobody's: a caller's transaction may be rolled back, and what was spent is spent all the same.
public struct PostgresUsageStore: UsageStore, ~Copyable {
    private var database: Database
    private let patience: Duration
    private let log: Log

    /// Makes a store; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - database: Where usage is kept.
    ///   - patience: How long one operation may take: what it is about has happened, or waits for it.
    ///   - log: For what the server has to say.
    public init(_ database: consuming Database, patience: Duration = .seconds(2), log: Log) {
        self.database = database
        self.patience = patience
        self.log = log
    }

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
            """
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
            """
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
        _ = try run("SELECT nofx.release_ai_budget(\(call))")
    }

    private mutating func run(_ query: Query) throws(PostgresError) -> Rows {
        let results = try database.transact([query], access: .readWrite, deadline: .after(patience), log: log)
        return results[0]
    }
}
