public import Base

/// The store of circuit breakers' states.
///
/// A store answers at once and does not wait until a permit is free. Each permit's outcome is recorded at most once.
/// If a probe's permit is lost, its lease expires.
public protocol CircuitBreakerStore: ~Copyable {
    /// Asks for a permit for one call from one or several breakers.
    ///
    /// All breakers permit the call, or none gives a permit. Of several breakers that reject the call, the one that
    /// does so for the longest time is the answer.
    ///
    /// - Parameters:
    ///   - names: The breakers' names, from the widest to the narrowest.
    ///   - policy: The policy that applies to the call.
    /// - Returns: A permit, or the reason for the rejection.
    /// - Throws: An error if the store cannot be reached.
    mutating func acquire(
        _ names: [String],
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission

    /// Records the outcome of a call.
    ///
    /// - Parameters:
    ///   - outcomes: The outcome for each breaker of the permit, in their order.
    ///   - permit: The call's permit.
    ///   - tenant: The tenant on whose behalf the call was made; nil for none.
    ///   - policy: The policy that applies to the call.
    /// - Returns: The changes of the breakers' states.
    /// - Throws: An error if the store cannot record the outcome.
    mutating func record(
        _ outcomes: [CircuitOutcome],
        of permit: consuming CircuitPermit,
        for tenant: UUID?,
        under policy: CircuitBreakerPolicy
    ) throws -> [CircuitChange]
}

extension CircuitBreakerStore where Self: ~Copyable {
    /// Asks one breaker for a permit.
    public mutating func acquire(_ name: String, under policy: CircuitBreakerPolicy) throws -> CircuitAdmission {
        try acquire([name], under: policy)
    }

    /// Records the outcome of a call that one breaker permitted.
    ///
    /// - Returns: The change of the breaker's state; nil if there was none.
    /// - Throws: An error if the store cannot record the outcome.
    public mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition? {
        try record([outcome], of: permit, for: nil, under: policy).first?.transition
    }
}
