import Core
import Testing
import Reliability

/// The effect of a provider's limits on a breaker, in every store.
@Suite struct CircuitGateTests {
    // Cases: breaker 14
    @Test(arguments: StoreKind.allCases)
    func `a rate limit rejects calls for its time and is not a failure`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.call(.limited(for: .seconds(7_200), reason: .rateLimited))
        var other = try breaker.elsewhere()
        #expect(try other.answer() == "rate_limited 72")
        try breaker.advance(by: .seconds(7_100))
        #expect(try breaker.answer() == "rate_limited 1")
        try breaker.advance(by: .seconds(100))
        #expect(try breaker.answer() == "allowed")
        let view = try breaker.view()
        #expect((view.state, view.generation, view.failures) == ("closed", 0, 0))
    }

    @Test(arguments: StoreKind.allCases)
    func `an exhausted quota has its own reason`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.call(.limited(for: .seconds(600), reason: .quotaExhausted))
        #expect(try breaker.answer() == "quota_exhausted 6")
    }

    // Cases: breaker 67
    @Test(arguments: StoreKind.allCases)
    func `a longer limit replaces a shorter one, and not the other way round`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let first = try breaker.permit()
        let second = try breaker.permit()
        let third = try breaker.permit()
        try breaker.record(.limited(for: .seconds(600), reason: .rateLimited), of: first)
        try breaker.record(.limited(for: .seconds(300), reason: .quotaExhausted), of: second)
        #expect(try breaker.answer() == "rate_limited 6")
        try breaker.record(.limited(for: .seconds(900), reason: .quotaExhausted), of: third)
        #expect(try breaker.answer() == "quota_exhausted 9")
    }

    // Cases: ai 21
    @Test(arguments: StoreKind.allCases)
    func `a rate-limited probe returns its permit, and the cool-down rejects other probes`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.openAndWait()
        try breaker.call(.limited(for: .seconds(300), reason: .rateLimited))
        #expect(try breaker.answer() == "rate_limited 3")
        let view = try breaker.view()
        #expect((view.state, view.permitsLeft) == ("half_open", 2))
        try breaker.advance(by: .seconds(300))
        #expect(try breaker.answer() == "probe")
    }

    @Test(arguments: StoreKind.allCases)
    func `a late limit of an earlier generation has no effect`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let late = try breaker.permit()
        try breaker.fail(5)
        try breaker.perform(.reset)
        try breaker.record(.limited(for: .seconds(300), reason: .rateLimited), of: late)
        #expect(try breaker.answer() == "allowed")
    }

    @Test(arguments: StoreKind.allCases)
    func `a limit of zero duration has no effect`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.call(.limited(for: .zero, reason: .rateLimited))
        #expect(try breaker.answer() == "allowed")
    }
}
