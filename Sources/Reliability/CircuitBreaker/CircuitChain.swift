public import Base
public import System

/// Several circuit breakers that guard the same calls, from the widest to the narrowest.
///
/// A call needs the permission of each; one request to the store asks them all. Its outcome can differ by breaker: a
/// failure of one model says little about its provider.
public struct CircuitChain: Sendable {
    /// The names of the breakers, from the widest to the narrowest.
    public let names: [String]

    /// When the breakers open and close.
    public let policy: CircuitBreakerPolicy

    private let onEvent: @Sendable (String, CircuitEvent) -> Void
    private let clock: @Sendable () -> Duration

    /// Makes a chain.
    ///
    /// - Parameters:
    ///   - names: The breakers; a name's part before the first `/` or `@` is the breaker above it.
    ///   - policy: When the breakers open and close.
    ///   - clock: The time since a fixed moment; it measures calls.
    ///   - onEvent: Called for each event, with the name of its breaker.
    public init(
        _ names: [String],
        policy: CircuitBreakerPolicy,
        clock: @escaping @Sendable () -> Duration = { SystemClock.uptime },
        onEvent: @escaping @Sendable (String, CircuitEvent) -> Void = { _, _ in }
    ) {
        self.names = names
        self.policy = policy
        self.clock = clock
        self.onEvent = onEvent
    }

    /// Makes a call if all breakers permit it.
    ///
    /// - Parameters:
    ///   - store: The store of the breakers' states.
    ///   - tenant: The tenant on whose behalf the call is made; nil for none.
    ///   - outcomes: The outcome of a result for each breaker, in the order of ``names``.
    ///   - body: The call. It may use the store.
    /// - Returns: The result of the call.
    /// - Throws: ``CircuitBreakerError`` if a breaker rejects the call, the error of `body`, or the store's error
    ///   if it cannot be reached. A failure to record the outcome does not fail the call.
    public func call<Output, Store: CircuitBreakerStore & ~Copyable>(
        through store: inout Store,
        for tenant: UUID? = nil,
        outcomes: (Result<Output, any Error>) -> [CircuitOutcome],
        _ body: (inout Store) throws -> Output
    ) throws -> Output {
        var permit = try acquire(from: &store)
        let start = clock()
        let result = Result { try body(&store) }
        permit.duration = clock() - start
        record(outcomes(result), of: permit, for: tenant, in: &store)
        return try result.get()
    }

    private func acquire<Store: CircuitBreakerStore & ~Copyable>(from store: inout Store) throws -> CircuitPermit {
        switch try store.acquire(names, under: policy) {
        case .permitted(let permit):
            for grant in permit.grants {
                if let transition = grant.transition { onEvent(grant.name, .changed(transition)) }
            }
            return permit
        case .rejected(let rejection):
            if let transition = rejection.transition { onEvent(rejection.name, .changed(transition)) }
            onEvent(rejection.name, .rejected(rejection))
            throw CircuitBreakerError(rejection)
        }
    }

    private func record<Store: CircuitBreakerStore & ~Copyable>(
        _ outcomes: [CircuitOutcome],
        of permit: consuming CircuitPermit,
        for tenant: UUID?,
        in store: inout Store
    ) {
        for (name, outcome) in zip(names, outcomes) {
            if case .failure(let error) = outcome { onEvent(name, .failed(error: error)) }
        }
        do {
            for change in try store.record(outcomes, of: permit, for: tenant, under: policy) {
                onEvent(change.name, .changed(change.transition))
            }
        } catch {
            onEvent(names.last ?? "", .recordLost(error))
        }
    }
}
