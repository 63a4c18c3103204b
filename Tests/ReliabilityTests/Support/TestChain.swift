import AI
import Base
import Core
import Postgres
import TestSupport

@testable import Reliability

/// Breakers that guard the same calls, in a store of any kind, with a clock that the test controls.
struct TestChain: ~Copyable {
    private let names: [String]
    private let policy: CircuitBreakerPolicy
    private let clock: TestClock
    private let database: TestDatabase?
    private let memory: MemoryCircuitBreakerStore
    private var postgres: PostgresStores
    private var fallback: FallbackCircuitBreakerStore<PostgresStores>
    private let kind: StoreKind

    init(_ kind: StoreKind, _ names: [String]) throws {
        let clock = TestClock()
        let policy = try CircuitBreakerPolicy.units()
        let database = kind == .memory ? nil : try BreakerDatabase.shared()
        // Neither store connects before its first use.
        let url = database?.operatorURL ?? "host=/nonexistent user=nobody"
        let memory = MemoryCircuitBreakerStore(clock: { clock.now })
        let postgres = try PostgresStores.patient(url)
        let shared = try PostgresStores.patient(url)
        self.kind = kind
        self.names = names
        self.clock = clock
        self.policy = policy
        self.database = database
        self.memory = memory
        self.postgres = postgres
        fallback = FallbackCircuitBreakerStore(shared, over: memory, log: .silent, clock: { clock.now })
    }

    private mutating func acquire(_ names: [String]) throws -> CircuitAdmission {
        switch kind {
        case .memory: memory.acquire(names, under: policy)
        case .postgres: try postgres.acquire(names, under: policy)
        case .fallback: fallback.acquire(names, under: policy)
        }
    }

    /// The answer to a request for a permit, which is then dropped: the reason and the breaker of a rejection.
    mutating func answer(of names: [String]? = nil) throws -> String {
        switch try acquire(names ?? self.names) {
        case .permitted(let permit): permit.grants.contains { $0.isProbe } ? "probe" : "allowed"
        case .rejected(let rejection): "\(rejection.reason.rawValue) \(rejection.name)"
        }
    }

    /// Makes a call with an outcome for each breaker; nothing happens if it is rejected.
    @discardableResult
    mutating func call(
        _ outcomes: [CircuitOutcome],
        of names: [String]? = nil,
        for tenant: UUID? = nil
    ) throws -> [CircuitChange] {
        switch try acquire(names ?? self.names) {
        case .rejected: return []
        case .permitted(let permit):
            switch kind {
            case .memory: return memory.record(outcomes, of: permit, for: tenant, under: policy)
            case .postgres: return try postgres.record(outcomes, of: permit, for: tenant, under: policy)
            case .fallback: return fallback.record(outcomes, of: permit, for: tenant, under: policy)
            }
        }
    }

    /// Makes calls with the same outcomes.
    mutating func fail(_ outcomes: [CircuitOutcome], times: Int) throws {
        for _ in 0..<times { try call(outcomes) }
    }

    /// Makes a call that fails at a model, whose provider is the chain's first breaker.
    mutating func `break`(_ model: String, for tenant: UUID?) throws {
        let outcomes = [CircuitOutcome.suspicion(error: "broken", at: model), .failure(error: "broken")]
        try call(outcomes, of: [names[0], model], for: tenant)
    }

    func advance(by duration: Duration) throws {
        clock.advance(by: duration)
        guard let database else { return }
        for name in try stored(below: names[0]) + names { try database.age(name, by: duration) }
    }

    func perform(_ action: CircuitAction, on name: String) throws {
        guard let database else { return memory.perform(action, on: name) }
        try database.rows("SELECT nofx.circuit_set(\(name), \(action.rawValue))")
    }

    /// The number of breakers of models below a breaker.
    func count(below name: String) throws -> Int {
        database == nil ? memory.names.count { $0.hasPrefix("\(name)/") } : try stored(below: name).count
    }

    /// The failures that a breaker counts; nil if it has no state.
    func failures(of name: String) throws -> Int? {
        guard let database else { return memory.state(of: name)?.failures }
        return try database.breaker(name)?.failures
    }

    private func stored(below name: String) throws -> [String] {
        try database?.value(
            """
            SELECT coalesce(array_agg(b.name), '{}') FROM nofx.circuit_breakers b
            WHERE starts_with(b.name, \("\(name)/"))
            """,
            as: [String].self
        ) ?? []
    }
}
