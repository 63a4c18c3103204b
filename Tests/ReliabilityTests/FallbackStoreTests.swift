import Base
import Core
import Postgres
import TestSupport
import Testing
import Reliability
import AI

/// Calls during an outage of the shared store.
@Suite struct FallbackStoreTests {
    private let database: TestDatabase
    private let name = "test-\(UUID.v7())"
    private let clock = TestClock()
    private let lines = LogLines()

    init() throws {
        database = try BreakerDatabase.shared()
    }

    // Cases: breaker 89, 90
    @Test(arguments: [DatabaseRelay.Condition.stopped, .silent])
    func `calls continue with the process's own breaker and return to the shared one`(
        _ condition: DatabaseRelay.Condition
    ) throws {
        let policy = try CircuitBreakerPolicy.units()
        try database.withRelay { relay, url in
            var store = try store(url)
            #expect(store.call(name, .failure(error: "broken"), policy) == "allowed")
            relay.become(condition)
            if condition == .silent { store.shared.answerLimit = .milliseconds(50) }
            for _ in 0..<5 { #expect(store.call(name, .failure(error: "alone"), policy) == "allowed") }
            #expect(store.call(name, .success, policy) == "open 10")
            #expect(lines.containing("breaker.store_unavailable").count == 1)
            #expect(lines.containing("breaker.record_lost").isEmpty)
            relay.become(.working)
            store.shared.answerLimit = .seconds(120)
            #expect(store.call(name, .success, policy) == "open 10")
            clock.advance(by: .seconds(1))
            #expect(store.call(name, .failure(error: "back"), policy) == "allowed")
            #expect(lines.containing("breaker.store_back").count == 1)
            let view = try database.breaker(name)
            #expect((view?.failures, view?.lastError) == (2, "back"))
        }
    }

    // Cases: breaker 90
    @Test func `a failed store is not called for a second`() throws {
        let policy = try CircuitBreakerPolicy.units()
        var store = FallbackCircuitBreakerStore(
            BrokenStore(),
            log: lines.log,
            clock: { [clock] in clock.now }
        )
        for _ in 0..<10 { #expect(store.call(name, .success, policy) == "allowed") }
        clock.advance(by: .milliseconds(999))
        #expect(store.call(name, .success, policy) == "allowed")
        #expect(store.shared.asked == 1)
        #expect(lines.containing("breaker.store_unavailable").count == 1)
    }

    @Test func `a failed store is called again after that, and one warning is logged`() throws {
        let policy = try CircuitBreakerPolicy.units()
        var store = FallbackCircuitBreakerStore(
            BrokenStore(),
            log: lines.log,
            clock: { [clock] in clock.now }
        )
        for _ in 0..<3 {
            #expect(store.call(name, .success, policy) == "allowed")
            clock.advance(by: .seconds(1))
        }
        #expect(store.shared.asked == 3)
        #expect(lines.containing("breaker.store_unavailable").count == 1)
    }

    // Cases: breaker 89
    @Test func `an outcome that cannot be recorded is logged and changes nothing`() throws {
        let policy = try CircuitBreakerPolicy.units()
        try database.withRelay { relay, url in
            var store = try store(url)
            let permit = try store.permit(name, policy)
            relay.become(.stopped)
            #expect(store.record(.failure(error: "broken"), of: permit, under: policy) == nil)
            #expect(lines.containing("breaker.record_lost").count == 1)
            #expect(try database.breaker(name) == nil)
        }
    }

    @Test func `an open breaker stays open for its time during an outage of the shared store`() throws {
        let policy = try CircuitBreakerPolicy.units()
        try database.withRelay { relay, url in
            var store = try store(url)
            for _ in 0..<5 { _ = store.call(name, .failure(error: "broken"), policy) }
            relay.become(.stopped)
            #expect(store.call(name, .success, policy) == "open 10")
            clock.advance(by: .seconds(900))
            #expect(store.call(name, .success, policy) == "open 1")
            clock.advance(by: .seconds(100))
            #expect(store.call(name, .success, policy) == "allowed")
        }
    }

    @Test func `a cool-down continues for its time during an outage of the shared store`() throws {
        let policy = try CircuitBreakerPolicy.units()
        try database.withRelay { relay, url in
            var store = try store(url)
            let limit = CircuitOutcome.limited(for: .seconds(600), reason: .quotaExhausted)
            #expect(store.call(name, limit, policy) == "allowed")
            relay.become(.stopped)
            #expect(store.call(name, .success, policy) == "quota_exhausted 6")
            clock.advance(by: .seconds(600))
            #expect(store.call(name, .success, policy) == "allowed")
        }
    }

    @Test func `a breaker that was forced open stays so during an outage of the shared store`() throws {
        let policy = try CircuitBreakerPolicy.units()
        try database.rows("SELECT nofx.circuit_set(\(name), 'force_open')")
        try database.withRelay { relay, url in
            var store = try store(url)
            #expect(store.call(name, .success, policy) == "forced_open")
            relay.become(.stopped)
            clock.advance(by: .seconds(100_000))
            #expect(store.call(name, .success, policy) == "forced_open")
            try database.rows("SELECT nofx.circuit_set(\(name), 'enable')")
            relay.become(.working)
            clock.advance(by: .seconds(1))
            #expect(store.call(name, .success, policy) == "allowed")
        }
    }

    @Test func `an outcome is recorded in the store that granted the permit`() throws {
        let policy = try CircuitBreakerPolicy.units(failureThreshold: 1)
        try database.withRelay { relay, url in
            var store = try store(url)
            relay.become(.stopped)
            let own = try store.permit(name, policy)
            relay.become(.working)
            clock.advance(by: .seconds(1))
            let shared = try store.permit(name, policy)
            #expect(store.record(.failure(error: "alone"), of: own, under: policy) == .opened(for: .seconds(1_000)))
            #expect(try database.breaker(name) == nil)
            #expect(
                store.record(.failure(error: "shared"), of: shared, under: policy) == .opened(for: .seconds(1_000))
            )
            #expect(try database.breaker(name)?.lastError == "shared")
        }
    }

    private func store(_ url: String) throws -> FallbackCircuitBreakerStore<PostgresStores> {
        FallbackCircuitBreakerStore(
            try .patient(url),
            over: MemoryCircuitBreakerStore(clock: { [clock] in clock.now }),
            log: lines.log,
            clock: { [clock] in clock.now }
        )
    }
}

/// A shared store that cannot be reached.
private struct BrokenStore: ~Copyable, CircuitBreakerStore {
    struct Failure: Error {}

    private(set) var asked = 0

    mutating func acquire(_: [String], under _: CircuitBreakerPolicy) throws -> CircuitAdmission {
        asked += 1
        throw Failure()
    }

    mutating func record(
        _: [CircuitOutcome],
        of _: consuming CircuitPermit,
        for _: UUID?,
        under _: CircuitBreakerPolicy
    ) throws -> [CircuitChange] {
        throw Failure()
    }
}

extension FallbackCircuitBreakerStore where Shared: ~Copyable {
    fileprivate mutating func permit(_ name: String, _ policy: CircuitBreakerPolicy) throws -> CircuitPermit {
        switch acquire(name, under: policy) {
        case .permitted(let permit): return permit
        case .rejected(let rejection): throw Unexpected(answer: Answer(rejection))
        }
    }

    /// Makes a call with an outcome, if the breaker permits it.
    fileprivate mutating func call(
        _ name: String,
        _ outcome: CircuitOutcome,
        _ policy: CircuitBreakerPolicy
    ) -> Answer {
        switch acquire(name, under: policy) {
        case .permitted(let permit):
            let answer: Answer = permit.isProbe ? "probe" : "allowed"
            _ = record(outcome, of: permit, under: policy)
            return answer
        case .rejected(let rejection): return Answer(rejection)
        }
    }
}
