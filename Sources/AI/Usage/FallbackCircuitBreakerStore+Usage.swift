public import Base
import Postgres
public import Reliability
public import Core

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
