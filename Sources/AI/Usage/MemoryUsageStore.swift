public import Base
public import Core

/// Keeps usage in the process, for programs without a database and for tests; it is gone with its value.
public struct MemoryUsageStore: UsageStore {
    private struct Attempt: Hashable {
        let call: UUID
        let number: Int
    }

    private struct Spending {
        let team: UUID?
        let day: Day
        let amount: Int64
    }

    private struct Reservation {
        let team: UUID
        var amount: Int64
        let end: Timestamp
    }

    private let now: @Sendable () -> Timestamp
    private var known: Set<Attempt> = []
    private var spendings: [Spending] = []
    private var reservations: [UUID: Reservation] = [:]

    /// Every attempt, in the order they were recorded.
    public private(set) var records: [UsageRecord] = []

    /// Makes an empty store.
    ///
    /// - Parameter now: What the clock shows.
    public init(now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.now = now
    }

    public mutating func record(_ usage: UsageRecord, by deadline: Deadline = .distantFuture) {
        guard known.insert(Attempt(call: usage.call, number: usage.attempt)).inserted else { return }
        records.append(usage)
        spendings.append(Spending(team: usage.team, day: Day(of: now()), amount: usage.spentNanoUSD))
        if usage.isSuccess {
            reservations[usage.call] = nil
        } else if let left = reservations[usage.call]?.amount {
            reservations[usage.call]?.amount = max(0, left - usage.spentNanoUSD)
        }
    }

    /// As ``UsageStore/reserve(_:for:of:within:lifetime:by:)``.
    ///
    /// - Throws: ``BudgetExceeded``.
    public mutating func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline = .distantFuture
    ) throws(BudgetExceeded) {
        guard let team, budget != Budget() else { return }
        let time = now()
        let today = Day(of: time)
        let reserved = reservations.filter { $0.key != call && $0.value.team == team && $0.value.end > time }
            .values.reduce(0) { $0 + $1.amount }
        func check(
            _ period: BudgetExceeded.Period,
            _ limit: USDollars?,
            from first: Day,
            until next: Day
        )
            throws(BudgetExceeded)
        {
            let spent = spendings.filter { $0.team == team && $0.day >= first }.reduce(0) { $0 + $1.amount }
            guard let limit, spent + reserved >= limit.rawValue else { return }
            let seconds = next.daysSince1970 * 86_400 - Int(time.secondsSince1970)
            throw BudgetExceeded(period, budget: limit, resetsIn: seconds)
        }
        let month = today.startOfMonth
        // Whatever its length, a month's 32nd day is one of the next.
        try check(.monthly, budget.monthly, from: month, until: (month + 31).startOfMonth)
        try check(.daily, budget.daily, from: today, until: today + 1)
        reservations[call] = Reservation(team: team, amount: max(0, amount.rawValue), end: time + lifetime)
    }

    public mutating func release(_ call: UUID, by deadline: Deadline = .distantFuture) {
        reservations[call] = nil
    }
}
