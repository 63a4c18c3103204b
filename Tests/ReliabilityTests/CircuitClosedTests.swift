import Core
import Testing
import Reliability

/// What opens a breaker, in every store.
@Suite struct CircuitClosedTests {
    // Cases: breaker 1, 2
    @Test(arguments: StoreKind.allCases)
    func `five failures in a row open it and a success begins the count anew`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(4)
        try breaker.call(.success)
        try breaker.fail(4)
        #expect(try breaker.view().failures == 4)
        #expect(try breaker.answer() == "allowed")
        #expect(try breaker.call(.failure(error: "broken")) == .opened(for: .seconds(1_000)))
        #expect(try breaker.answer() == "open 10")
        #expect(try breaker.view().lastError == "broken")
    }

    @Test(arguments: StoreKind.allCases)
    func `what another process counted opens it for all`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        var other = try breaker.elsewhere()
        try breaker.fail(2)
        try other.fail(3)
        #expect(try breaker.answer() == "open 10")
        #expect(try other.answer() == "open 10")
    }

    // Cases: breaker 12
    @Test(arguments: StoreKind.allCases)
    func `what is neither counts as neither`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(4)
        for _ in 0..<3 { try breaker.call(.neutral) }
        #expect(try breaker.view().failures == 4)
        try breaker.fail()
        #expect(try breaker.answer() == "open 10")
    }

    @Test(arguments: StoreKind.allCases)
    func `a success that saw no failures when it began clears none`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let early = try breaker.permit()
        try breaker.fail(4)
        try breaker.record(.success, of: early)
        #expect(try breaker.view().failures == 4)
    }

    // Cases: breaker 91
    @Test(arguments: StoreKind.allCases)
    func `a breaker that nobody failed through is not stored`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let generation = try breaker.permit().generation
        #expect(generation == 0)
        try breaker.call(.success)
        try breaker.call(.neutral)
        #expect(try breaker.view() == BreakerView())
    }

    // Cases: breaker 88
    @Test(arguments: StoreKind.allCases)
    func `one process alone needs twice the failures where several must have seen them`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units(minimumReporters: 2))
        try breaker.fail(9)
        #expect(try breaker.view().state == "closed")
        try breaker.fail()
        #expect(try breaker.view().state == "open")
    }

    // Cases: breaker 88
    @Test(arguments: [StoreKind.postgres, .fallback])
    func `two processes need no more failures than one elsewhere`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units(minimumReporters: 2))
        var other = try breaker.elsewhere()
        try breaker.fail(4)
        try other.fail()
        #expect(try breaker.answer() == "open 10")
    }

    @Test(arguments: StoreKind.allCases)
    func `failures that are old enough do not count`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units(failureDecay: .seconds(300)))
        try breaker.fail(4)
        try breaker.advance(by: .seconds(300))
        try breaker.fail()
        #expect(try breaker.view().failures == 1)
        try breaker.advance(by: .seconds(200))
        try breaker.fail(4)
        #expect(try breaker.answer() == "open 10")
    }

    // Cases: breaker 7, 8
    @Test(arguments: StoreKind.allCases)
    func `a late failure changes nothing of an open breaker`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let late = try breaker.permit()
        let later = try breaker.permit()
        try breaker.fail(5)
        try breaker.advance(by: .seconds(300))
        let before = try breaker.view()
        #expect(try breaker.record(.failure(error: "late"), of: late) == nil)
        #expect(try breaker.record(.success, of: later) == nil)
        #expect(try breaker.view() == before)
        #expect(try breaker.answer() == "open 7")
    }

    // Cases: breaker 92
    @Test(arguments: StoreKind.allCases)
    func `each call is judged by the policy that it comes with`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(3)
        breaker.policy = try .units(failureThreshold: 4, resetTimeout: .seconds(500))
        #expect(try breaker.call(.failure(error: "broken")) == .opened(for: .seconds(500)))
    }

    // Cases: breaker 93
    @Test(arguments: StoreKind.allCases)
    func `a new process with no past leaves the breaker as it is`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(5)
        try breaker.advance(by: .seconds(900))
        var other = try breaker.elsewhere()
        #expect(try other.answer() == "open 1")
        #expect(try breaker.view().openUnits == 1)
    }
}
