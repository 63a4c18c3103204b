import Base
import Core
import Postgres
import TestSupport
import Testing
import AI

/// The contract of all usage stores, in memory and in Postgres.
struct UsageStoreTests {
    @Test(arguments: UsageStoreKind.allCases)
    func `a call is admitted below the limit and rejected at it`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        let budget = Budget(daily: USDollars(rawValue: 100))
        #expect(try store.reserve(60, within: budget) == nil)
        #expect(try store.reserve(60, within: budget) == nil)
        #expect(try store.reserve(60, within: budget) == "daily 100")
        #expect(try store.reserve(60, of: UUID.v7(), within: budget) == nil)
        #expect(try store.reserve(60, of: .some(nil), within: budget) == nil)
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `spending counts for the day and for the month`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        let (daily, monthly) = (Budget(daily: USDollars(rawValue: 100)), Budget(monthly: USDollars(rawValue: 100)))
        let both = Budget(daily: USDollars(rawValue: 50), monthly: USDollars(rawValue: 100))
        try store.record(.spending(99))
        #expect(try store.reserve(1, for: .one, within: daily) == nil)
        #expect(try store.reserve(1, for: .one, within: monthly) == nil)
        #expect(try store.reserve(1, for: .one, within: both) == "daily 50")
        try store.release(.one)
        try store.record(.spending(1))
        #expect(try store.reserve(1, for: .one, within: daily) == "daily 100")
        #expect(try store.reserve(1, for: .one, within: both) == "monthly 100")
        try store.passDays(1)
        #expect(try store.reserve(1, for: .one, within: daily) == nil)
        try store.release(.one)
        try store.passDays(31)
        #expect(try store.reserve(1, for: .one, within: both) == nil)
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `a budget of zero admits no call, and no budget admits every call`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        #expect(try store.reserve(0, within: Budget(daily: USDollars(rawValue: 0))) == "daily 0")
        #expect(try store.reserve(0, within: Budget(monthly: USDollars(rawValue: 0))) == "monthly 0")
        try store.record(.spending(1_000_000_000_000))
        #expect(try store.reserve(1_000_000_000_000, within: Budget()) == nil)
    }

    // Cases: ai 61
    @Test(arguments: UsageStoreKind.allCases)
    func `an attempt that is recorded twice counts once`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        let attempt = UsageRecord.spending(60)
        for _ in 0..<3 { try store.record(attempt) }
        #expect(try store.reserve(1, within: Budget(daily: USDollars(rawValue: 61))) == nil)
        #expect(try store.reserve(1, within: Budget(daily: USDollars(rawValue: 60))) == "daily 60")
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `a success releases the rest of its call's reservation`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        let budget = Budget(daily: USDollars(rawValue: 100))
        #expect(try store.reserve(100, for: .one, within: budget) == nil)
        #expect(try store.reserve(1, for: .two, within: budget) == "daily 100")
        try store.record(.spending(10, call: .one))
        #expect(try store.reserve(90, for: .two, within: budget) == nil)
        #expect(try store.reserve(1, for: .three, within: budget) == "daily 100")
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `a failed attempt keeps the rest of the reservation until the call is released`(
        _ kind: UsageStoreKind
    ) throws {
        var store = try TestUsageStore(kind)
        let budget = Budget(daily: USDollars(rawValue: 100))
        #expect(try store.reserve(100, for: .one, within: budget) == nil)
        try store.record(.spending(30, call: .one, outcome: "ai_bad_response"))
        #expect(try store.reserve(1, for: .two, within: budget) == "daily 100")
        #expect(try store.reserve(1, for: .two, within: Budget(daily: USDollars(rawValue: 101))) == nil)
        try store.release(.two)
        try store.record(.spending(0, call: .one, attempt: 2, outcome: "ai_overloaded"))
        #expect(try store.reserve(1, for: .two, within: budget) == "daily 100")
        try store.release(.one)
        try store.release(.one)
        #expect(try store.reserve(70, for: .two, within: budget) == nil)
        #expect(try store.reserve(1, for: .three, within: budget) == "daily 100")
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `a second reservation of a call replaces the first`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        let budget = Budget(daily: USDollars(rawValue: 100))
        #expect(try store.reserve(100, for: .one, within: budget) == nil)
        #expect(try store.reserve(40, for: .one, within: budget) == nil)
        #expect(try store.reserve(60, for: .two, within: budget) == nil)
        #expect(try store.reserve(1, for: .three, within: budget) == "daily 100")
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `the reservation of a call that never ended expires`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        let budget = Budget(daily: USDollars(rawValue: 100))
        #expect(try store.reserve(100, for: .one, within: budget) == nil)
        #expect(try store.reserve(1, for: .two, within: budget) == "daily 100")
        try store.passDays(1)
        #expect(try store.reserve(1, for: .two, within: budget) == nil)
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `an attempt whose process died counts as spent on its day, with the most that it may cost`(
        _ kind: UsageStoreKind
    ) throws {
        var store = try TestUsageStore(kind)
        let budget = Budget(daily: USDollars(rawValue: 100), monthly: USDollars(rawValue: 150))
        #expect(try store.reserve(70, for: .one, within: budget) == nil)
        try store.passHour()
        #expect(try store.reserve(1, for: .two, within: Budget(daily: USDollars(rawValue: 70))) == "daily 70")
        #expect(try store.reserve(30, for: .two, within: Budget(daily: USDollars(rawValue: 71))) == nil)
        try store.record(.spending(0, call: .two))
        try store.passDays(1)
        #expect(try store.reserve(1, for: .three, within: Budget(daily: USDollars(rawValue: 1))) == nil)
        try store.release(.three)
        #expect(try store.reserve(1, for: .three, within: Budget(monthly: USDollars(rawValue: 70))) == "monthly 70")
        // The late result changes nothing.
        try store.record(.spending(500, call: .one))
        #expect(try store.reserve(1, for: .three, within: Budget(monthly: USDollars(rawValue: 71))) == nil)
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `an attempt without a price is refused under a budget, unless the budget allows it`(
        _ kind: UsageStoreKind
    ) throws {
        var store = try TestUsageStore(kind)
        let (daily, monthly) = (Budget(daily: USDollars("5")), Budget(monthly: USDollars("5")))
        for budget in [daily, monthly] {
            #expect(throws: AttemptRefusal.unpriced) { try store.demand(nil, within: budget) }
        }
        try store.demand(nil, within: Budget())
        try store.demand(nil, of: .some(nil), within: daily)
        try store.demand(nil, within: Budget(daily: USDollars("5"), unpriced: .allow))
        #expect(
            try store.reserve(nil, within: Budget(daily: USDollars(rawValue: 0), unpriced: .allow)) == "daily 0"
        )
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `without our price the provider's cost counts, and without both none does`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        var attempt = UsageRecord.spending(nil)
        try store.record(attempt)
        #expect(try store.reserve(0, within: Budget(daily: USDollars(rawValue: 1))) == nil)
        attempt = .spending(nil)
        attempt.providerCostNanoUSD = 7
        try store.record(attempt)
        #expect(try store.reserve(0, within: Budget(daily: USDollars(rawValue: 8))) == nil)
        #expect(try store.reserve(0, within: Budget(daily: USDollars(rawValue: 7))) == "daily 7")
        attempt = .spending(2)
        attempt.providerCostNanoUSD = 100
        try store.record(attempt)
        #expect(try store.reserve(0, within: Budget(daily: USDollars(rawValue: 10))) == nil)
        #expect(try store.reserve(0, within: Budget(daily: USDollars(rawValue: 9))) == "daily 9")
    }

    @Test(arguments: UsageStoreKind.allCases)
    func `a rejected call learns when the budget resets`(_ kind: UsageStoreKind) throws {
        var store = try TestUsageStore(kind)
        let nothing = USDollars(rawValue: 0)
        for (budget, most) in [(Budget(daily: nothing), 86_400), (Budget(monthly: nothing), 31 * 86_400)] {
            let exceeded = try store.refusal(1, within: budget)
            #expect((1...most).contains(try #require(exceeded).resetsIn))
        }
    }
}
