public import Base
public import Core

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
    ///   - team: Who pays; nil for nobody, who has no budget.
    ///   - budget: What holds for a team that has none of its own.
    ///   - lifetime: When the reservation ends by itself, if nobody ends it.
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
