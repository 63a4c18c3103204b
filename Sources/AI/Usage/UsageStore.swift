public import Base
public import Core
import Postgres
public import Reliability

/// The store of AI usage and of teams' remaining budgets.
public protocol UsageStore: ~Copyable {
    /// Writes an attempt down before it is sent, and reserves the most that it may cost, unless the team's budget or one
    /// of its limits refuses it.
    ///
    /// The store admits an attempt if the spending is below the limit when the attempt begins. Of attempts that begin at
    /// the same time, at most one exceeds the limit, as long as no call costs more than it reserved.
    ///
    /// If the attempt is not recorded within its lifetime, its process has died: the most that it may cost counts as spent
    /// then.
    ///
    /// - Parameters:
    ///   - attempt: The attempt. The reservation of a call's second attempt replaces that of its first.
    ///   - budget: The default for a team without a budget of its own.
    ///   - lifetime: The time in which the attempt is recorded or its call released.
    ///   - deadline: When to stop waiting; a store may stop earlier.
    /// - Throws: ``AttemptRefusal``, or an error of the store.
    mutating func begin(
        _ attempt: AttemptStart,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline
    ) throws

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

    private struct Begun {
        let start: AttemptStart
        let day: Day
        let end: Timestamp
    }

    private let now: @Sendable () -> Timestamp
    private var known: Set<Attempt> = []
    private var spendings: [Spending] = []
    private var reservations: [UUID: Reservation] = [:]
    private var begun: [Attempt: Begun] = [:]

    /// All attempts, in the order of their recording.
    public private(set) var records: [UsageRecord] = []

    /// Makes an empty store.
    ///
    /// - Parameter now: Returns the current time.
    public init(now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.now = now
    }

    public mutating func record(_ usage: UsageRecord, by deadline: Deadline = .distantFuture) {
        let attempt = Attempt(call: usage.call, number: usage.attempt)
        guard known.insert(attempt).inserted else { return }
        begun[attempt] = nil
        records.append(usage)
        spendings.append(Spending(team: usage.team, day: Day(of: now()), amount: usage.spentNanoUSD))
        if usage.isSuccess {
            reservations[usage.call] = nil
        } else if let left = reservations[usage.call]?.amount {
            reservations[usage.call]?.amount = max(0, left - usage.spentNanoUSD)
        }
    }

    /// See ``UsageStore/begin(_:within:lifetime:by:)``; the store has no limits of requests and tokens.
    ///
    /// - Throws: ``AttemptRefusal``.
    public mutating func begin(
        _ attempt: AttemptStart,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline = .distantFuture
    ) throws(AttemptRefusal) {
        let time = now()
        settle(until: time)
        if let team = attempt.team, budget.daily != nil || budget.monthly != nil {
            guard attempt.cost != nil || budget.unpriced == .allow else { throw .unpriced }
            try check(budget, of: team, for: attempt.call, at: time)
            reservations[attempt.call] = Reservation(
                team: team,
                amount: max(0, attempt.cost?.rawValue ?? 0),
                end: time + lifetime
            )
        }
        begun[Attempt(call: attempt.call, number: attempt.attempt)] = Begun(
            start: attempt,
            day: Day(of: time),
            end: time + lifetime
        )
    }

    /// Counts attempts whose results never came.
    private mutating func settle(until time: Timestamp) {
        for (attempt, lost) in begun where lost.end <= time {
            begun[attempt] = nil
            known.insert(attempt)
            spendings.append(Spending(team: lost.start.team, day: lost.day, amount: lost.start.cost?.rawValue ?? 0))
        }
    }

    private func check(
        _ budget: Budget,
        of team: UUID,
        for call: UUID,
        at time: Timestamp
    ) throws(AttemptRefusal) {
        let today = Day(of: time)
        let reserved = reservations.filter { $0.key != call && $0.value.team == team && $0.value.end > time }
            .values.reduce(0) { $0 + $1.amount }
        func check(
            _ period: BudgetExceeded.Period,
            _ limit: USDollars?,
            from first: Day,
            until next: Day
        )
            throws(AttemptRefusal)
        {
            let spent = spendings.filter { $0.team == team && $0.day >= first }.reduce(0) { $0 + $1.amount }
            guard let limit, spent + reserved >= limit.rawValue else { return }
            let seconds = next.daysSince1970 * 86_400 - Int(time.secondsSince1970)
            throw .budgetExceeded(BudgetExceeded(period, budget: limit, resetsIn: seconds))
        }
        let month = today.startOfMonth
        // Day 32, counted from the first of any month, falls in the next month.
        try check(.monthly, budget.monthly, from: month, until: (month + 31).startOfMonth)
        try check(.daily, budget.daily, from: today, until: today + 1)
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

    public mutating func begin(
        _ attempt: AttemptStart,
        within budget: Budget,
        lifetime: Duration,
        by deadline: Deadline = .distantFuture
    ) throws {
        try sharing { (shared) throws in
            try shared.begin(attempt, within: budget, lifetime: lifetime, by: deadline)
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
            if (error as? PostgresError)?.kind != .server, !(error is AttemptRefusal) {
                usageResumption = clock() + pause
            }
            throw error
        }
    }
}
