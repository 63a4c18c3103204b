import Base
import Core
import Postgres
import TestSupport
import Testing
import AI

/// AI usage in Postgres, with many concurrent processes.
struct PostgresUsageTests {
    // Cases: ai 55
    @Test func `of 32 concurrent calls near the limit, one exceeds it`() throws {
        let database = try TestDatabase()
        let team = UUID.v7()
        var store = try database.usageStore()
        let budget = Budget(daily: USDollars("0.01"))
        try store.record(.spending(9_900_000, team: team))
        let admitted = try runConcurrently(32) { _, barrier in
            var store = try database.usageStore()
            try store.release(.v7())
            barrier()
            do {
                try store.begin(.reserving(500_000, of: team), within: budget, lifetime: .seconds(60))
                return true
            } catch AttemptRefusal.budgetExceeded {
                return false
            }
        }
        #expect(admitted.count(where: \.self) == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.ai_reservations") == 1)
    }

    // Cases: ai 55
    @Test func `of 32 concurrent calls, the budget admits as many as it can pay, and one more`() throws {
        let database = try TestDatabase()
        let team = UUID.v7()
        let budget = Budget(monthly: USDollars(rawValue: 95))
        let admitted = try runConcurrently(32) { number, barrier in
            var store = try database.usageStore()
            try store.release(.v7())
            barrier()
            do {
                let call = UUID.v7()
                try store.begin(.reserving(10, for: call, of: team), within: budget, lifetime: .seconds(60))
                // Some calls end while others reserve. The reserved amount is spent then: it must count exactly once.
                if number.isMultiple(of: 2) { try store.record(.spending(10, call: call, team: team)) }
                return true
            } catch AttemptRefusal.budgetExceeded {
                return false
            }
        }
        #expect(admitted.count(where: \.self) == 10)
    }

    @Test func `50 concurrent recordings lose no attempt and count none twice`() throws {
        let database = try TestDatabase()
        let team = UUID.v7()
        _ = try runConcurrently(50) { number, barrier in
            var store = try database.usageStore()
            try store.release(.v7())
            barrier()
            for attempt in 1...4 {
                let outcome = attempt == 4 ? "ok" : "ai_rate_limited"
                let record = UsageRecord.spending(
                    Int64(attempt),
                    call: UUID(high: 9, low: UInt64(number)),
                    attempt: attempt,
                    outcome: outcome,
                    team: number.isMultiple(of: 5) ? nil : team
                )
                try store.record(record)
                if number.isMultiple(of: 7) { try store.record(record) }
            }
        }
        #expect(try database.value("SELECT count(*) FROM nofx.ai_attempts") == 200)
        let sums: [Int] = try database.value(
            """
            SELECT ARRAY[sum(attempts), sum(succeeded), sum(failed), sum(cost_nano_usd), sum(spent_nano_usd),
                         sum(input_tokens), count(*)]::bigint[] FROM nofx.ai_usage_daily
            """
        )
        // Around midnight there are two days.
        #expect(sums.dropLast() == [200, 50, 150, 500, 500, 20_000])
        #expect([2, 3, 4].contains(sums[6]))
        let counters: [Int] = try database.value(
            """
            SELECT ARRAY[sum(attempts), sum(successes), sum(failures)]::bigint[] FROM nofx.circuit_counters
            WHERE name = 'openai'
            """
        )
        #expect(counters == [200, 50, 150])
    }

    @Test func `a call with three attempts, two of them billed, has three rows and their sum`() throws {
        let database = try TestDatabase()
        var store = try database.usageStore()
        let (call, team) = (UUID.v7(), UUID.v7())
        let attempts: [(Int64?, String)] = [(70, "ai_bad_response"), (nil, "ai_overloaded"), (50, "ok")]
        for (number, (cost, outcome)) in attempts.enumerated() {
            var record = UsageRecord.spending(cost, call: call, attempt: number + 1, outcome: outcome, team: team)
            if cost == nil { record.tokens = TokenUsage() }
            try store.record(record)
        }
        let rows: [String] = try database.value(
            """
            SELECT array_agg(concat_ws(' ', attempt, outcome, cost_nano_usd, duration_ms) ORDER BY attempt)
            FROM nofx.ai_attempts WHERE call_id = \(call)
            """
        )
        #expect(rows == ["1 ai_bad_response 70 1500", "2 ai_overloaded 1500", "3 ok 50 1500"])
        let sums: [Int] = try database.value(
            """
            SELECT ARRAY[sum(attempts), sum(succeeded), sum(failed), sum(unpriced), sum(cost_nano_usd)]::bigint[]
            FROM nofx.ai_usage_daily WHERE team_id = \(team)
            """
        )
        #expect(sums == [3, 1, 2, 0, 120])
    }

    @Test func `attempts with a model without a price are counted separately, with an unknown cost`() throws {
        let database = try TestDatabase()
        var store = try database.usageStore()
        var record = UsageRecord.spending(nil)
        record.providerCostNanoUSD = 7
        try store.record(record)
        let row: [Int?] = try [
            database.value("SELECT unpriced FROM nofx.ai_usage_daily"),
            database.value("SELECT cost_nano_usd FROM nofx.ai_attempts"),
            database.value("SELECT cost_nano_usd FROM nofx.ai_usage_daily"),
            database.value("SELECT provider_cost_nano_usd FROM nofx.ai_usage_daily"),
        ]
        #expect(row == [1, nil, 0, 7])
    }

    @Test func `extreme values of a provider are clamped`() throws {
        let database = try TestDatabase()
        var store = try database.usageStore()
        var record = UsageRecord.spending(.max)
        record.tokens = TokenUsage(input: .max, output: .max)
        record.model = String(repeating: "é\n", count: 500)
        record.requestID = String(repeating: "x", count: 5_000)
        record.providerCostNanoUSD = .max
        record.status = .max
        record.duration = .seconds(Int64.max)
        for number in 1...3 {
            record.attempt = number
            try store.record(record)
        }
        #expect(try database.value("SELECT sum(attempts)::bigint FROM nofx.ai_usage_daily") == 3)
        #expect(try database.value("SELECT max(char_length(model)) FROM nofx.ai_usage_daily", as: Int.self) == 100)
        #expect(try database.value("SELECT max(char_length(request_id)) FROM nofx.ai_attempts", as: Int.self) == 200)
    }

    @Test func `a team's daily and monthly budgets each replace the default`() throws {
        let database = try TestDatabase()
        let team = UUID.v7()
        var store = try database.usageStore()
        try store.record(.spending(50, team: team))
        func refusal(_ budget: Budget) throws -> String? {
            do {
                try store.begin(.reserving(1, for: .one, of: team), within: budget, lifetime: .seconds(60))
                return nil
            } catch let AttemptRefusal.budgetExceeded(error) {
                return "\(error.period.rawValue) \(error.budget.rawValue)"
            }
        }
        let standard = Budget(daily: USDollars(rawValue: 40), monthly: USDollars(rawValue: 60))
        #expect(try refusal(standard) == "daily 40")
        try database.rows("INSERT INTO nofx.ai_budgets (team_id, daily_nano_usd) VALUES (\(team), 51)")
        #expect(try refusal(standard) == nil)
        #expect(try refusal(Budget(monthly: USDollars(rawValue: 50))) == "monthly 50")
        try database.rows("UPDATE nofx.ai_budgets SET monthly_nano_usd = 50")
        #expect(try refusal(Budget()) == "monthly 50")
    }

    @Test func `without a budget nothing is written`() throws {
        let database = try TestDatabase()
        var store = try database.usageStore()
        try store.begin(.reserving(1, for: .one, of: .v7()), within: Budget(), lifetime: .seconds(60))
        #expect(try database.value("SELECT count(*) FROM nofx.ai_reservations") == 0)
        #expect(try database.value("SELECT count(*) FROM nofx.ai_budgets") == 0)
    }

    @Test func `the newest rate limits are stored with the provider`()
        throws
    {
        let database = try TestDatabase()
        var store = try database.usageStore()
        for (number, limit) in ["1", nil, "2"].enumerated() {
            var record = UsageRecord.spending(1, attempt: number + 1)
            record.rateLimit = limit.map { JSONText(trusted: Array(#"{"remaining":\#($0)}"#.utf8)) }
            try store.record(record)
        }
        var other = UsageRecord.spending(1)
        other.provider = "nobody"
        try store.record(other)
        let newest: JSONText = try database.value(
            "SELECT rate_limit FROM nofx.circuit_counters WHERE rate_limit IS NOT NULL ORDER BY rate_limit_at DESC LIMIT 1"
        )
        #expect(newest.description == #"{"remaining": 2}"#)
        let others: Int = try database.value(
            "SELECT count(*) FROM nofx.circuit_counters WHERE name = 'nobody' AND rate_limit IS NULL"
        )
        #expect(others == 1)
        #expect(try database.value("SELECT max(last_success_at) IS NOT NULL FROM nofx.circuit_counters"))
    }
}

extension TestDatabase {
    /// A usage store on its own connection, with the operator role.
    fileprivate func usageStore() throws -> PostgresStores {
        var store = PostgresStores(Database(at: try ConnectionString(operatorURL)), log: .silent)
        // Concurrent callers wait for each other.
        store.usageLimit = .seconds(60)
        store.connectLimit = .seconds(60)
        return store
    }
}
