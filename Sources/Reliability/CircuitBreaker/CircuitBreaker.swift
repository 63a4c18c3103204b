public import System

/// Keeps calls away from a provider that fails, and finds out when it works again.
///
/// One attempt goes through it at a time: retries are around it, not within.
public struct CircuitBreaker: Sendable {
    /// What it is called; all processes that use the name share it.
    public let name: String

    /// What it is judged by.
    public let policy: CircuitBreakerPolicy

    private let onEvent: @Sendable (CircuitEvent) -> Void
    private let clock: @Sendable () -> Duration

    /// Makes a breaker.
    ///
    /// - Parameters:
    ///   - name: What it is called: lower case letters, digits and `. _ / -`, at most 100.
    ///   - policy: What it is judged by.
    ///   - clock: The time since some moment, which calls are timed by.
    ///   - onEvent: Called for every event.
    public init(
        _ name: String,
        policy: CircuitBreakerPolicy,
        clock: @escaping @Sendable () -> Duration = { SystemClock.uptime },
        onEvent: @escaping @Sendable (CircuitEvent) -> Void = { _ in }
    ) {
        self.name = name
        self.policy = policy
        self.clock = clock
        self.onEvent = onEvent
    }

    /// Makes a call, or does not.
    ///
    /// - Parameters:
    ///   - store: Where the breaker's state is.
    ///   - classify: What an error says about the provider.
    ///   - judge: What an answer says about it.
    ///   - body: The call, which the store is lent to.
    /// - Returns: What the call returns.
    /// - Throws: ``CircuitBreakerError`` when the call is not made, what `body` throws, and what the store throws when
    ///   it cannot be asked. A result that cannot be recorded does not fail the call.
    public func call<Output, Store: CircuitBreakerStore & ~Copyable>(
        through store: inout Store,
        classify: (any Error) -> CircuitOutcome,
        judge: (Output) -> CircuitOutcome = { _ in .success },
        _ body: (inout Store) throws -> Output
    ) throws -> Output {
        var permit = try acquire(from: &store)
        let start = clock()
        let result = Result { try body(&store) }
        permit.duration = clock() - start
        let outcome =
            switch result {
            case .success(let output): judge(output)
            case .failure(let error): classify(error)
            }
        record(outcome, of: permit, in: &store)
        return try result.get()
    }

    /// Makes a call that needs nothing of the store, or does not.
    ///
    /// - Returns: What the call returns.
    /// - Throws: As the other does.
    public func call<Output, Store: CircuitBreakerStore & ~Copyable>(
        through store: inout Store,
        classify: (any Error) -> CircuitOutcome,
        judge: (Output) -> CircuitOutcome = { _ in .success },
        _ body: () throws -> Output
    ) throws -> Output {
        try call(through: &store, classify: classify, judge: judge) { _ in try body() }
    }

    /// Makes a call, and something else when that is not let through or fails.
    ///
    /// - Parameters:
    ///   - store: Where the breaker's state is.
    ///   - classify: What an error says about the provider.
    ///   - judge: What an answer says about it.
    ///   - fallback: Gets the error and answers in the call's place.
    ///   - body: The call.
    /// - Returns: What the call or the fallback returns.
    /// - Throws: What the fallback throws.
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

extension CircuitBreaker {
    private func acquire<Store: CircuitBreakerStore & ~Copyable>(from store: inout Store) throws -> CircuitPermit {
        switch try store.acquire(name, under: policy) {
        case .permitted(let permit):
            if let transition = permit.transition { onEvent(.changed(transition)) }
            return permit
        case .rejected(let rejection):
            if let transition = rejection.transition { onEvent(.changed(transition)) }
            onEvent(.rejected(rejection))
            throw CircuitBreakerError(name: name, rejection)
        }
    }

    private func record<Store: CircuitBreakerStore & ~Copyable>(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        in store: inout Store
    ) {
        if case .failure(let error) = outcome { onEvent(.failed(error: error)) }
        do {
            if let transition = try store.record(outcome, of: permit, under: policy) { onEvent(.changed(transition)) }
        } catch {
            onEvent(.recordLost(error))
        }
    }
}
