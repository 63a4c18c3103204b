import Core
import Testing
import Reliability

/// The conditions that open a breaker, in every store.
@Suite struct CircuitClosedTests {
    // Cases: breaker 1, 2
    @Test(arguments: StoreKind.allCases)
    func `five consecutive failures open the breaker, and a success resets the count`(_ kind: StoreKind) throws {
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
    func `failures of several processes add up`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        var other = try breaker.elsewhere()
        try breaker.fail(2)
        try other.fail(3)
        #expect(try breaker.answer() == "open 10")
        #expect(try other.answer() == "open 10")
    }

    // Cases: breaker 12
    @Test(arguments: StoreKind.allCases)
    func `a neutral outcome does not change the count`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(4)
        for _ in 0..<3 { try breaker.call(.neutral) }
        #expect(try breaker.view().failures == 4)
        try breaker.fail()
        #expect(try breaker.answer() == "open 10")
    }

    @Test(arguments: StoreKind.allCases)
    func `a success that saw no failures when it began does not reset the count`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let early = try breaker.permit()
        try breaker.fail(4)
        try breaker.record(.success, of: early)
        #expect(try breaker.view().failures == 4)
    }

    // Cases: breaker 91
    @Test(arguments: StoreKind.allCases)
    func `a breaker without failures is not stored`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let generation = try breaker.permit().generation
        #expect(generation == 0)
        try breaker.call(.success)
        try breaker.call(.neutral)
        #expect(try breaker.view() == BreakerView())
    }

    // Cases: breaker 88
    @Test(arguments: StoreKind.allCases)
    func `a single reporter needs twice the failures if several are required`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units(minimumReporters: 2))
        try breaker.fail(9)
        #expect(try breaker.view().state == "closed")
        try breaker.fail()
        #expect(try breaker.view().state == "open")
    }

    // Cases: breaker 88
    @Test(arguments: [StoreKind.postgres, .fallback])
    func `two reporters need only the normal number of failures`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units(minimumReporters: 2))
        var other = try breaker.elsewhere()
        try breaker.fail(4)
        try other.fail()
        #expect(try breaker.answer() == "open 10")
    }

    @Test(arguments: StoreKind.allCases)
    func `failures older than the decay do not count`(_ kind: StoreKind) throws {
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
    func `a late failure does not change an open breaker`(_ kind: StoreKind) throws {
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
    func `each call is judged by its own policy`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(3)
        breaker.policy = try .units(failureThreshold: 4, resetTimeout: .seconds(500))
        #expect(try breaker.call(.failure(error: "broken")) == .opened(for: .seconds(500)))
    }

    // Cases: breaker 93
    @Test(arguments: StoreKind.allCases)
    func `a new process does not change the breaker`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(5)
        try breaker.advance(by: .seconds(900))
        var other = try breaker.elsewhere()
        #expect(try other.answer() == "open 1")
        #expect(try breaker.view().openUnits == 1)
    }
}
