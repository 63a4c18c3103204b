public import Base

/// Usage goes to the shared store, which is left alone for a while once it has failed. What cannot be written down is an
/// error, for whoever called knows what is lost.
extension FallbackCircuitBreakerStore: UsageStore where Shared: UsageStore & ~Copyable {
    /// The shared store is not asked for the moment.
    struct Unavailable: Error {}

    public mutating func record(_ usage: UsageRecord) throws {
        try sharing { (shared) throws in try shared.record(usage) }
    }

    public mutating func reserve(
        _ amount: USDollars,
        for call: UUID,
        of team: UUID?,
        within budget: Budget,
        lifetime: Duration
    ) throws {
        try sharing { (shared) throws in
            try shared.reserve(amount, for: call, of: team, within: budget, lifetime: lifetime)
        }
    }

    public mutating func release(_ call: UUID) throws {
        try sharing { (shared) throws in try shared.release(call) }
    }
}
