public import Base
public import Core
import Postgres
public import Reliability

/// The store of AI usage and of teams' remaining budgets.
public protocol UsageStore: ~Copyable {
    /// Records an attempt and adds it to the totals.
    ///
    /// Recording the same attempt again changes nothing.
    ///
    /// The store deducts the cost from the call's reservation. A successful attempt releases the rest.
    ///
    /// - Parameters:
    ///   - usage: The attempt.
    ///   - deadline: When to stop waiting; a store may stop earlier.
    /// - Throws: An error of the store. The record was not written then, or the outcome is unknown.
    mutating func record(_ usage: UsageRecord, by deadline: Deadline) throws

    /// Reserves the estimated cost of a call, unless the team's budget is used up.
    ///
    /// The store admits a call if the spending is below the limit when the call begins. Of calls that begin at the
    /// same time, at most one exceeds the limit, as long as no call costs more than it reserved.
    ///
    /// - Parameters:
    ///   - amount: The estimated cost of the call.
    ///   - call: The call. A second reservation replaces its first.
    ///   - team: The team that pays; nil for a call without a budget.
    ///   - budget: The default for a team without a budget of its own.
    ///   - lifetime: The time after which an unreleased reservation expires.
    ///   - deadline: When to stop waiting; a store may stop earlier.
    /// - Throws: ``BudgetExceeded``, or an error of the store.
    mutating func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline
    ) throws

    /// Releases the reservation of a call that is not retried.
    ///
    /// - Parameters:
    ///   - call: The call.
    ///   - deadline: When to stop waiting; a store may stop earlier.
    /// - Throws: An error of the store.
    mutating func release(_ call: UUID, by deadline: Deadline) throws
}

/// Keeps usage in memory, for programs without a database and for tests.
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

    /// All attempts, in the order of their recording.
    public private(set) var records: [UsageRecord] = []

    /// Makes an empty store.
    ///
    /// - Parameter now: Returns the current time.
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

    /// See ``UsageStore/reserve(_:for:of:within:lifetime:by:)``.
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
        // Day 32, counted from the first of any month, falls in the next month.
        try check(.monthly, budget.monthly, from: month, until: (month + 31).startOfMonth)
        try check(.daily, budget.daily, from: today, until: today + 1)
        reservations[call] = Reservation(team: team, amount: max(0, amount.rawValue), end: time + lifetime)
    }

    public mutating func release(_ call: UUID, by deadline: Deadline = .distantFuture) {
        reservations[call] = nil
    }
}

/// Usage goes to the shared store.
///
/// After an outage or a timeout, the client does not call the store for a pause. A usage record that cannot be
/// written is an error, so that the caller can log the lost record.
///
/// Slow usage statements, which may wait for a team's budget or a locked row, do not affect breakers: those stay
/// shared.
extension FallbackCircuitBreakerStore: UsageStore where Shared: UsageStore & ~Copyable {
    /// The shared store is paused after a failure.
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

    /// Runs an operation on the shared store, unless the store is paused.
    private mutating func sharing(_ body: (inout Shared) throws -> Void) throws {
        guard isSharing, usageResumption.map({ $0 <= clock() }) ?? true else { throw Unavailable() }
        do {
            try body(&shared)
            usageResumption = nil
        } catch {
            // An answer of the store, such as an exhausted budget, does not mean that the store is unavailable.
            if (error as? PostgresError)?.kind != .server, !(error is BudgetExceeded) {
                usageResumption = clock() + pause
            }
            throw error
        }
    }
}
