import Base
import Core
import Postgres
import TestSupport
import Testing
import Reliability
import AI

/// The database's clock applies, and times that it cannot have set are limited.
@Suite struct CircuitClockTests {
    // Cases: breaker 41
    @Test func `a database clock that was set back does not prolong an opening beyond the maximum`() throws {
        var breaker = try TestBreaker(.postgres, .units(maximumResetTimeout: .seconds(3_000)))
        try breaker.fail(5)
        try breaker.advance(by: .seconds(-100_000))
        #expect(try breaker.answer() == "open 30")
        try breaker.advance(by: .seconds(2_900))
        #expect(try breaker.answer() == "open 1")
        try breaker.advance(by: .seconds(100))
        #expect(try breaker.answer() == "probe")
        #expect(try breaker.answer() == "probe")
        try breaker.advance(by: .seconds(-100_000))
        #expect(try breaker.answer() == "probing 7")
        try breaker.advance(by: .seconds(700))
        #expect(try breaker.answer() == "probe")
    }

    // Cases: breaker 41
    @Test(arguments: [-3_600, 3_600])
    func `a process whose clock is an hour off gets the same answers`(_ seconds: Int) throws {
        let database = try BreakerDatabase.shared()
        let name = "test/\(UUID.v7())"
        let policy = try CircuitBreakerPolicy.units()
        let clock = TestClock()
        clock.advance(by: .seconds(seconds))
        var store = FallbackCircuitBreakerStore(
            try PostgresStores.patient(database.operatorURL),
            log: .silent,
            clock: { clock.now }
        )
        var other = try PostgresStores.patient(database.operatorURL)
        for _ in 0..<5 {
            guard case .permitted(let permit) = store.acquire(name, under: policy) else { continue }
            _ = store.record(.failure(error: "broken"), of: permit, under: policy)
        }
        clock.advance(by: .seconds(seconds))
        guard case .rejected(let here) = store.acquire(name, under: policy),
            case .rejected(let there) = try other.acquire(name, under: policy)
        else {
            Issue.record("it let a call through")
            return
        }
        #expect([Answer(here), Answer(there)] == ["open 10", "open 10"])
    }
}
