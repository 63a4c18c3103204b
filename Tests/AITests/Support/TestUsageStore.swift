import Base
import Core
import Postgres
import Synchronization
import TestSupport
import Reliability
import AI

/// The kinds of usage stores.
enum UsageStoreKind: String, CaseIterable, Sendable {
    case memory, postgres
}

/// A usage store of either kind, for one team, in which a test can let days pass.
struct TestUsageStore: ~Copyable {
    private var memory: MemoryUsageStore?
    private var postgres: PostgresStores? = nil
    private let database: TestDatabase?
    private let clock: Clock
    private let team = UUID.v7()

    private final class Clock: Sendable {
        // A time in the middle of a month, so that the next day is in the same month.
        let time = Mutex(Timestamp(microsecondsSince1970: 1_768_478_400_000_000))
    }

    init(_ kind: UsageStoreKind) throws {
        let clock = Clock()
        let database = kind == .postgres ? try TestDatabase() : nil
        let string = try database.map { try ConnectionString($0.operatorURL) }
        self.clock = clock
        self.database = database
        memory = kind == .memory ? MemoryUsageStore { clock.time.withLock { $0 } } : nil
        guard let string else { return }
        var store = PostgresStores(Database(at: string), log: .silent)
        // A busy machine must not count as a database outage.
        store.usageLimit = .seconds(60)
        postgres = consume store
    }

    /// Reserves for the team or another; returns the period of an exhausted budget.
    mutating func reserve(
        _ amount: Int64?,
        for call: UUID = .v7(),
        of other: UUID?? = nil,
        within budget: Budget
    ) throws -> String? {
        try refusal(amount, for: call, of: other, within: budget).map { "\($0.period.rawValue) \($0.budget.rawValue)" }
    }

    /// Reserves for the team or another; returns the exhausted budget.
    mutating func refusal(
        _ amount: Int64?,
        for call: UUID = .v7(),
        of other: UUID?? = nil,
        within budget: Budget
    ) throws -> BudgetExceeded? {
        do {
            try demand(amount, for: call, of: other, within: budget)
            return nil
        } catch let AttemptRefusal.budgetExceeded(error) {
            return error
        }
    }

    /// The same, for tests that only need the error.
    mutating func demand(
        _ amount: Int64?,
        for call: UUID = .v7(),
        of other: UUID?? = nil,
        within budget: Budget
    ) throws {
        let start = AttemptStart.reserving(amount, for: call, of: other ?? team)
        try memory?.begin(start, within: budget, lifetime: .seconds(600))
        try postgres?.begin(start, within: budget, lifetime: .seconds(600))
    }

    /// Records an attempt of the team.
    mutating func record(_ attempt: UsageRecord) throws {
        var attempt = attempt
        attempt.team = team
        memory?.record(attempt)
        try postgres?.record(attempt)
    }

    mutating func release(_ call: UUID) throws {
        memory?.release(call)
        try postgres?.release(call)
    }

    /// Lets an hour pass in which no process records anything, so that what was begun before is settled.
    mutating func passHour() throws {
        clock.time.withLock { $0 = $0 + .seconds(3_600) }
        try database?.rows("UPDATE nofx.ai_reservations SET expires_at = expires_at - interval '1 hour'")
        try database?.rows("UPDATE nofx.ai_attempts SET settles_at = settles_at - interval '1 hour'")
    }

    /// Lets days pass.
    ///
    /// In Postgres, it moves the stored days back.
    mutating func passDays(_ days: Int) throws {
        clock.time.withLock { $0 = $0 + .seconds(days * 86_400) }
        guard let database else { return }
        try database.rows("UPDATE nofx.ai_reservations SET expires_at = expires_at - \(days) * interval '1 day'")
        try database.rows("UPDATE nofx.ai_usage_daily SET day = day - \(days)::integer")
        try database.rows(
            """
            UPDATE nofx.ai_attempts SET settles_at = settles_at - \(days) * interval '1 day',
                created_at = created_at - \(days) * interval '1 day'
            """
        )
    }
}

extension UUID {
    static let one = UUID(high: 1, low: 1)
    static let two = UUID(high: 2, low: 2)
    static let three = UUID(high: 3, low: 3)
}

extension AttemptStart {
    /// An attempt that reserves an amount.
    static func reserving(_ amount: Int64?, for call: UUID = .v7(), of team: UUID?) -> AttemptStart {
        AttemptStart(
            call: call,
            team: team,
            provider: "openai",
            model: "gpt-6",
            cost: amount.map(USDollars.init(rawValue:))
        )
    }
}

extension UsageRecord {
    /// An attempt with a cost.
    static func spending(
        _ cost: Int64?,
        call: UUID = .v7(),
        attempt: Int = 1,
        outcome: String = "ok",
        team: UUID? = nil
    ) -> UsageRecord {
        UsageRecord(
            call: call,
            attempt: attempt,
            team: team,
            provider: "openai",
            model: "gpt-6-sol",
            requestedModel: "gpt-6",
            outcome: outcome,
            status: 200,
            tokens: TokenUsage(input: 100, output: 20, cacheRead: 3, cacheWrite5m: 4, cacheWrite1h: 5, reasoning: 6),
            costNanoUSD: cost,
            duration: .milliseconds(1_500)
        )
    }
}
