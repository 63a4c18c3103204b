import Base
import Synchronization
import System
import TestSupport
import Testing

@testable import Core
@testable import Reliability

/// Calls through a breaker.
@Suite struct CircuitBreakerTests {
    private enum Broken: Error {
        case down, wrongRequest, slowDown
    }

    private let clock = TestClock()
    private let events = Events()

    // Cases: breaker 3, 4, 5, 6, 11
    @Test func `a rejected call is not made, and its error has the reason and the wait`() throws {
        let breaker = try breaker()
        var store = store()
        for _ in 0..<5 { #expect(throws: Broken.down) { try call(breaker, &store, throwing: .down) } }
        clock.advance(by: .seconds(20))
        for _ in 0..<100 {
            let error = #expect(throws: CircuitBreakerError.self) { try call(breaker, &store, throwing: .down) }
            #expect(error?.name == "openai")
            #expect((error?.reason, error?.retryAfter, error?.lastError) == (.open, .seconds(100), "down"))
        }
        #expect(events.calls == 5)
        #expect(events.all.filter { $0 == "rejected open" }.count == 100)
    }

    // Cases: breaker 11
    @Test func `each state change is reported once and in order`() throws {
        let breaker = try breaker()
        var store = store()
        for _ in 0..<5 { _ = try? call(breaker, &store, throwing: .down) }
        _ = try? call(breaker, &store)
        clock.advance(by: .seconds(120))
        for _ in 0..<2 { try call(breaker, &store) }
        #expect(
            events.all == Array(repeating: "failed down", count: 5) + [
                "\(CircuitTransition.opened(for: .seconds(120)))", "rejected open", "halfOpened", "closed",
            ]
        )
    }

    @Test func `a neutral error does not count and is thrown unchanged`() throws {
        let breaker = try breaker()
        var store = store()
        for _ in 0..<20 { #expect(throws: Broken.wrongRequest) { try call(breaker, &store, throwing: .wrongRequest) } }
        try call(breaker, &store)
        #expect(events.all.isEmpty)
    }

    @Test func `a rate limit rejects the next call`() throws {
        let breaker = try breaker()
        var store = store()
        #expect(throws: Broken.slowDown) { try call(breaker, &store, throwing: .slowDown) }
        let error = #expect(throws: CircuitBreakerError.self) { try call(breaker, &store) }
        #expect((error?.reason, error?.retryAfter) == (.rateLimited, .seconds(30)))
    }

    // Cases: breaker 36, 74
    @Test func `a cancelled probe neither closes nor opens the breaker`() throws {
        let breaker = try breaker()
        var store = store()
        for _ in 0..<5 { _ = try? call(breaker, &store, throwing: .down) }
        clock.advance(by: .seconds(120))
        for _ in 0..<10 { #expect(throws: Broken.wrongRequest) { try call(breaker, &store, throwing: .wrongRequest) } }
        #expect(store.state(of: "openai")?.phase == .halfOpen)
        #expect(store.state(of: "openai")?.permitsLeft == 2)
    }

    // Cases: breaker 5
    @Test func `a result can count as a failure`() throws {
        let breaker = try breaker()
        var store = store()
        for _ in 0..<5 {
            let answer = try breaker.call(
                through: &store,
                classify: Self.classify,
                judge: { $0 == 503 ? .failure(error: "unavailable") : .success },
                { 503 }
            )
            #expect(answer == 503)
        }
        let error = #expect(throws: CircuitBreakerError.self) { try call(breaker, &store) }
        #expect(error?.lastError == "unavailable")
    }

    @Test func `a fallback replaces a failed or rejected call`() throws {
        let breaker = try breaker()
        var store = store()
        var answers: [String] = []
        for _ in 0..<6 {
            answers.append(
                try breaker.call(
                    through: &store,
                    classify: Self.classify,
                    fallback: { $0 is CircuitBreakerError ? "rejected" : "failed" },
                    { throw Broken.down }
                )
            )
        }
        #expect(answers == Array(repeating: "failed", count: 5) + ["rejected"])
    }

    @Test func `the duration of calls is measured`() throws {
        let window = try CircuitWindow(
            length: .seconds(60),
            minimumCalls: 2,
            slowCallDuration: .seconds(5),
            slowCallRate: 1
        )
        let breaker = try breaker(CircuitBreakerPolicy(window: window))
        var store = store()
        for _ in 0..<2 {
            try breaker.call(through: &store, classify: Self.classify) { clock.advance(by: .seconds(5)) }
        }
        #expect(events.all == ["\(CircuitTransition.opened(for: .seconds(120)))"])
    }

    @Test func `an outcome that cannot be recorded does not change the result of a call`() throws {
        let breaker = try breaker()
        var store = ForgetfulStore()
        let answer = try breaker.call(through: &store, classify: Self.classify) { 42 }
        #expect(answer == 42)
        #expect(events.all == ["record lost"])
    }

    // Cases: breaker 35
    @Test func `a hundred thousand calls of ten threads are counted exactly`() throws {
        let store = MemoryCircuitBreakerStore()
        let policy = try CircuitBreakerPolicy(
            failureThreshold: 1_000_000,
            window: CircuitWindow(length: .seconds(86_400), minimumCalls: 1_000_000, failureRate: 1)
        )
        _ = try runConcurrently(10) { number, barrier in
            barrier()
            for turn in 0..<10_000 {
                guard case .permitted(let permit) = store.acquire("counted", under: policy) else { continue }
                let outcome: CircuitOutcome = (turn + number) % 4 == 0 ? .failure(error: "broken") : .success
                _ = store.record(outcome, of: permit, under: policy)
            }
        }
        let window = try #require(policy.window)
        let total = store.state(of: "counted")?.calls.total(in: window, at: SystemClock.uptime)
        #expect((total?.calls, total?.failures) == (100_000, 25_000))
    }

    private func breaker(_ policy: CircuitBreakerPolicy? = nil) throws -> CircuitBreaker {
        CircuitBreaker(
            "openai",
            policy: try policy ?? CircuitBreakerPolicy(),
            clock: { [clock] in clock.now },
            onEvent: { [events] event in events.note(event) }
        )
    }

    private func store() -> MemoryCircuitBreakerStore {
        MemoryCircuitBreakerStore(clock: { [clock] in clock.now })
    }

    private func call(
        _ breaker: CircuitBreaker,
        _ store: inout MemoryCircuitBreakerStore,
        throwing error: Broken? = nil
    ) throws {
        try breaker.call(through: &store, classify: Self.classify) {
            events.noteCall()
            if let error { throw error }
        }
    }

    private static func classify(_ error: any Error) -> CircuitOutcome {
        switch error {
        case Broken.wrongRequest: .neutral
        case Broken.slowDown: .limited(for: .seconds(30), reason: .rateLimited)
        default: .failure(error: "\(error)")
        }
    }
}

/// The reported events of a breaker.
private final class Events: Sendable {
    private let texts = Mutex<[String]>([])
    private let made = Mutex(0)

    var all: [String] { texts.withLock { $0 } }
    var calls: Int { made.withLock { $0 } }

    func noteCall() { made.withLock { $0 += 1 } }

    func note(_ event: CircuitEvent) {
        let text =
            switch event {
            case .changed(let transition): "\(transition)"
            case .rejected(let rejection): "rejected \(rejection.reason.rawValue)"
            case .failed(let error): "failed \(error)"
            case .recordLost: "record lost"
            }
        texts.withLock { $0.append(text) }
    }
}

/// A store that grants permits and cannot record outcomes.
private struct ForgetfulStore: ~Copyable, CircuitBreakerStore {
    struct Failure: Error {}

    private let memory = MemoryCircuitBreakerStore()

    mutating func acquire(_ names: [String], under policy: CircuitBreakerPolicy) -> CircuitAdmission {
        memory.acquire(names, under: policy)
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
