public import System

/// A circuit breaker: it rejects calls to a provider that fails, and probes until the provider works again.
///
/// A breaker wraps one attempt. Retries belong around the breaker, not inside it.
public struct CircuitBreaker: Sendable {
    private let chain: CircuitChain

    /// The name of the breaker.
    ///
    /// All processes that use the name share its state.
    public let name: String

    /// When the breaker opens and closes.
    public var policy: CircuitBreakerPolicy { chain.policy }

    /// Makes a breaker.
    ///
    /// - Parameters:
    ///   - name: The name: letters, digits and `. _ / : @ ~ -`, at most 250; it begins with a lower-case letter or a
    ///     digit.
    ///   - policy: When the breaker opens and closes.
    ///   - clock: The time since a fixed moment; it measures calls.
    ///   - onEvent: Called for each event.
    public init(
        _ name: String,
        policy: CircuitBreakerPolicy,
        clock: @escaping @Sendable () -> Duration = { SystemClock.uptime },
        onEvent: @escaping @Sendable (CircuitEvent) -> Void = { _ in }
    ) {
        self.name = name
        chain = CircuitChain([name], policy: policy, clock: clock) { onEvent($1) }
    }

    /// Makes a call if the breaker permits it.
    ///
    /// - Parameters:
    ///   - store: The store of the breaker's state.
    ///   - classify: The outcome for an error.
    ///   - judge: The outcome for a result.
    ///   - body: The call. It may use the store.
    /// - Returns: The result of the call.
    /// - Throws: ``CircuitBreakerError`` if the breaker rejects the call, the error of `body`, or the store's error
    ///   if it cannot be reached. A failure to record the outcome does not fail the call.
    public func call<Output, Store: CircuitBreakerStore & ~Copyable>(
        through store: inout Store,
        classify: (any Error) -> CircuitOutcome,
        judge: (Output) -> CircuitOutcome = { _ in .success },
        _ body: (inout Store) throws -> Output
    ) throws -> Output {
        try chain.call(
            through: &store,
            outcomes: { result in
                switch result {
                case .success(let output): [judge(output)]
                case .failure(let error): [classify(error)]
                }
            },
            body
        )
    }

    /// Makes a call that does not use the store, if the breaker permits it.
    ///
    /// - Returns: The result of the call.
    /// - Throws: The same errors as the other overload.
    public func call<Output, Store: CircuitBreakerStore & ~Copyable>(
        through store: inout Store,
        classify: (any Error) -> CircuitOutcome,
        judge: (Output) -> CircuitOutcome = { _ in .success },
        _ body: () throws -> Output
    ) throws -> Output {
        try call(through: &store, classify: classify, judge: judge) { _ in try body() }
    }

    /// Makes a call, or a fallback if the breaker rejects the call or the call fails.
    ///
    /// - Parameters:
    ///   - store: The store of the breaker's state.
    ///   - classify: The outcome for an error.
    ///   - judge: The outcome for a result.
    ///   - fallback: Receives the error and returns a result in place of the call.
    ///   - body: The call.
    /// - Returns: The result of the call or of the fallback.
    /// - Throws: The error of the fallback.
    public func call<Output, Store: CircuitBreakerStore & ~Copyable>(
        through store: inout Store,
        classify: (any Error) -> CircuitOutcome,
        judge: (Output) -> CircuitOutcome = { _ in .success },
        fallback: (any Error) throws -> Output,
        _ body: () throws -> Output
    ) throws -> Output {
        do {
            return try call(through: &store, classify: classify, judge: judge, body)
        } catch {
            return try fallback(error)
        }
    }
}
