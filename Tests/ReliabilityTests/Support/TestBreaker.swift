import Base
import Postgres
import TestSupport

@testable import Core
@testable import Reliability
@testable import AI

/// The store that a test runs on.
enum StoreKind: CaseIterable {
    case memory, postgres, fallback
}

/// The answer to a request for a permit, as text: `allowed`, `probe`, or the rejection with the units of time to
/// wait.
struct Answer: Equatable, ExpressibleByStringLiteral, CustomStringConvertible {
    let description: String

    init(stringLiteral text: String) {
        description = text
    }

    init(_ rejection: CircuitRejection) {
        let units = BreakerView.units(rejection.retryAfter.map { $0 / .seconds(1) })
        description = rejection.reason.rawValue + (units.map { " \($0)" } ?? "")
    }
}

/// One breaker in one store, with a clock that the test controls.
struct TestBreaker: ~Copyable {
    let kind: StoreKind
    let name: String
    var policy: CircuitBreakerPolicy
    private let clock: TestClock
    private let database: TestDatabase?
    private let memory: MemoryCircuitBreakerStore
    private var postgres: PostgresStores
    private var fallback: FallbackCircuitBreakerStore<PostgresStores>

    init(_ kind: StoreKind, _ policy: CircuitBreakerPolicy, reporter: UUID = .v7()) throws {
        let clock = TestClock()
        try self.init(
            kind,
            policy,
            name: "test-\(UUID.v7())",
            clock: clock,
            memory: MemoryCircuitBreakerStore(reporter: reporter, clock: { clock.now }),
            reporter: reporter
        )
    }

    private init(
        _ kind: StoreKind,
        _ policy: CircuitBreakerPolicy,
        name: String,
        clock: TestClock,
        memory: MemoryCircuitBreakerStore,
        reporter: UUID
    ) throws {
        let database = kind == .memory ? nil : try BreakerDatabase.shared()
        // Neither store connects before its first use.
        let url = database?.operatorURL ?? "host=/nonexistent user=nobody"
        let postgres = try PostgresStores.patient(url, reporter: reporter)
        let shared = try PostgresStores.patient(url, reporter: reporter)
        self.kind = kind
        self.policy = policy
        self.name = name
        self.clock = clock
        self.memory = memory
        self.database = database
        self.postgres = postgres
        fallback = FallbackCircuitBreakerStore(shared, over: memory, log: .silent, clock: { clock.now })
    }

    /// The same breaker in another process.
    ///
    /// The memory store has no other process, so it gets another reporter.
    func elsewhere() throws -> TestBreaker {
        try TestBreaker(kind, policy, name: name, clock: clock, memory: memory, reporter: .v7())
    }

    /// The same breaker for calls with another policy.
    func under(_ policy: CircuitBreakerPolicy) throws -> TestBreaker {
        try TestBreaker(kind, policy, name: name, clock: clock, memory: memory, reporter: .v7())
    }
}

extension TestBreaker {
    mutating func acquire() throws -> CircuitAdmission {
        switch kind {
        case .memory: memory.acquire(name, under: policy)
        case .postgres: try postgres.acquire(name, under: policy)
        case .fallback: fallback.acquire(name, under: policy)
        }
    }

    /// A permit; it throws if the breaker rejects the call.
    mutating func permit() throws -> CircuitPermit {
        switch try acquire() {
        case .permitted(let permit): return permit
        case .rejected(let rejection): throw Unexpected(answer: Answer(rejection))
        }
    }

    /// The answer to a request for a permit, which is then dropped.
    mutating func answer() throws -> Answer {
        switch try acquire() {
        case .permitted(let permit): return permit.isProbe ? "probe" : "allowed"
        case .rejected(let rejection): return Answer(rejection)
        }
    }

    @discardableResult
    mutating func record(_ outcome: CircuitOutcome, of permit: consuming CircuitPermit) throws -> CircuitTransition? {
        switch kind {
        case .memory: memory.record(outcome, of: permit, under: policy)
        case .postgres: try postgres.record(outcome, of: permit, under: policy)
        case .fallback: fallback.record(outcome, of: permit, under: policy)
        }
    }

    /// Makes a call with an outcome.
    @discardableResult
    mutating func call(_ outcome: CircuitOutcome) throws -> CircuitTransition? {
        let permit = try permit()
        return try record(outcome, of: permit)
    }

    /// Makes calls that fail.
    mutating func fail(_ times: Int = 1) throws {
        for _ in 0..<times { try call(.failure(error: "broken")) }
    }

    /// Advances the time.
    func advance(by duration: Duration) throws {
        clock.advance(by: duration)
        try database?.age(name, by: duration)
    }

    func perform(_ action: CircuitAction) throws {
        guard let database else { return memory.perform(action, on: name) }
        try database.rows("SELECT nofx.circuit_set(\(name), \(action.rawValue))")
    }

    /// The state; that of a new breaker if none is stored.
    func view() throws -> BreakerView {
        guard let database else {
            return memory.state(of: name).map { BreakerView($0, at: clock.now) } ?? BreakerView()
        }
        return try database.breaker(name) ?? BreakerView()
    }
}

/// The breaker rejected a call that the test expected it to permit.
struct Unexpected: Error {
    let answer: Answer
}
