public import Base
public import Core
import Postgres
public import Reliability

/// Where it is kept what AI calls used, and what teams may still spend.
public protocol UsageStore: ~Copyable {
    /// Writes an attempt down, and adds it up; the same attempt again changes nothing.
    ///
    /// Its cost is taken from what its call has reserved, and a success gives back the rest.
    ///
    /// - Parameters:
    ///   - usage: The attempt.
    ///   - deadline: When to give up; a store may do so earlier.
    /// - Throws: What the store's failures are; nothing was written then, or it is unknown.
    mutating func record(_ usage: UsageRecord, by deadline: Deadline) throws

    /// Reserves what a call may cost, unless its team's budget is used up.
    ///
    /// A call is let through that begins below the limit, whatever it costs: of the calls that begin together at most
    /// one goes beyond, as long as none costs more than it reserved.
    ///
    /// - Parameters:
    ///   - amount: What the call may cost.
    ///   - call: The call; reserving again replaces what it had.
    ///   - team: The team that pays; nil for a call without a budget.
    ///   - budget: What holds for a team that has none of its own.
    ///   - lifetime: When the reservation expires, if it is not ended before.
    ///   - deadline: When to give up; a store may do so earlier.
    /// - Throws: ``BudgetExceeded``, and what the store's failures are.
    mutating func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline
    ) throws

    /// Gives back what a call has reserved that is not tried again.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - deadline: When to give up; a store may do so earlier.
    /// - Throws: What the store's failures are.
    mutating func release(_ call: UUID, by deadline: Deadline) throws
}

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

/// Usage goes to the shared store, which is left alone for a while once it was away or slow. What cannot be written down
/// is an error, for whoever called knows what is lost.
///
/// That usage waits, for a team's budget or a busy row, says nothing about the breakers, which go on to be shared.
extension FallbackCircuitBreakerStore: UsageStore where Shared: UsageStore & ~Copyable {
    /// The shared store is not asked for the moment.
    struct Unavailable: Error {}

    public mutating func record(_ usage: UsageRecord, by deadline: Deadline = .distantFuture) throws {
        try sharing { (shared) throws in try shared.record(usage, by: deadline) }
    }

    public mutating func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline = .distantFuture
    ) throws {
        try sharing { (shared) throws in
            try shared.reserve(amount, for: call, of: team, within: budget, lifetime: lifetime, by: deadline)
        }
    }

    public mutating func release(_ call: UUID, by deadline: Deadline = .distantFuture) throws {
        try sharing { (shared) throws in try shared.release(call, by: deadline) }
    }

    /// Has the shared store do something, unless it is being left alone.
    private mutating func sharing(_ body: (inout Shared) throws -> Void) throws {
        guard isSharing, usageResumption.map({ $0 <= clock() }) ?? true else { throw Unavailable() }
        do {
            try body(&shared)
            usageResumption = nil
        } catch {
            // What the store itself answers, such as that a budget is used up, does not mean that it is away.
            if (error as? PostgresError)?.kind != .server, !(error is BudgetExceeded) {
                usageResumption = clock() + pause
            }
            throw error
        }
    }
}
