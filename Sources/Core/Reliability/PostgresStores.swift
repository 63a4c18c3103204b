public import Base

/// What all processes know of providers, in Postgres: their circuit breakers, and what calls to them used.
///
/// It has one connection, which is made when it is first needed.
public struct PostgresStores: ~Copyable {
    private var database: Database?
    private let log: Log
    private let reporter = UUID.v7()
    public var answerLimit = Duration.milliseconds(100)
    public var connectLimit = Duration.seconds(1)

    public init(_ database: consuming Database, log: Log) {
        self.database = consume database
        self.log = log
    }
}

extension PostgresStores: CircuitBreakerStore, UsageStore {
    public mutating func acquire(_ name: String, under policy: CircuitBreakerPolicy) throws -> CircuitAdmission {
        guard let database = database.take() else { throw Problem.internal }
        var store = PostgresCircuitBreakerStore(database, reporter: reporter, log: log)
        store.answerLimit = answerLimit; store.connectLimit = connectLimit
        let result: CircuitAdmission
        do { result = try store.acquire(name, under: policy) } catch { self.database = store.end(); throw error }
        self.database = store.end()
        return result
    }
    public mutating func record(
        _ outcome: CircuitOutcome, of permit: consuming CircuitPermit, under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition? {
        guard let database = database.take() else { throw Problem.internal }
        var store = PostgresCircuitBreakerStore(database, reporter: reporter, log: log)
        store.answerLimit = answerLimit; store.connectLimit = connectLimit
        let result: CircuitTransition?
        do { result = try store.record(outcome, of: permit, under: policy) } catch { self.database = store.end(); throw error }
        self.database = store.end()
        return result
    }
    public mutating func record(_ usage: UsageRecord) throws {}
    public mutating func reserve(_ amount: USDollars, for call: UUID, of team: UUID?, within budget: Budget, lifetime: Duration) throws {}
    public mutating func release(_ call: UUID) throws {}
}

extension FallbackCircuitBreakerStore: UsageStore where Shared: UsageStore & ~Copyable {
    public mutating func record(_ usage: UsageRecord) throws {}
    public mutating func reserve(_ amount: USDollars, for call: UUID, of team: UUID?, within budget: Budget, lifetime: Duration) throws {}
    public mutating func release(_ call: UUID) throws {}
}
