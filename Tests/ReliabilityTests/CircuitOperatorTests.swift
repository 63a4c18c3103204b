import Core
import Testing
import Reliability

/// Operators' actions on a breaker, in every store.
@Suite struct CircuitOperatorTests {
    // Cases: breaker 15
    @Test(arguments: StoreKind.allCases)
    func `a breaker that was forced open rejects all calls, and no success closes it`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let early = try breaker.permit()
        try breaker.perform(.forceOpen)
        try breaker.advance(by: .seconds(10_000))
        #expect(try breaker.answer() == "forced_open")
        try breaker.record(.success, of: early)
        #expect(try breaker.answer() == "forced_open")
        try breaker.perform(.enable)
        #expect(try breaker.answer() == "allowed")
    }

    // Cases: breaker 20
    @Test(arguments: StoreKind.allCases)
    func `a breaker can be forced open before its first call`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.perform(.forceOpen)
        #expect(try breaker.answer() == "forced_open")
    }

    // Cases: breaker 16
    @Test(arguments: StoreKind.allCases)
    func `a disabled breaker permits all calls and counts nothing`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.perform(.disable)
        let before = try breaker.view()
        for _ in 0..<20 { #expect(try breaker.call(.failure(error: "broken")) == nil) }
        #expect(try breaker.view() == before)
        #expect(try breaker.answer() == "allowed")
    }

    @Test(arguments: StoreKind.allCases)
    func `a cool-down also applies to a disabled breaker`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.perform(.disable)
        try breaker.call(.limited(for: .seconds(300), reason: .rateLimited))
        #expect(try breaker.answer() == "rate_limited 3")
    }

    // Cases: breaker 17
    @Test(arguments: StoreKind.allCases)
    func `in metrics-only mode each exceeded limit is reported once and all calls are permitted`(
        _ kind: StoreKind
    ) throws {
        let window = try CircuitWindow(
            length: .seconds(10_000),
            minimumCalls: 5,
            failureRate: 1,
            slowCallDuration: .seconds(60),
            slowCallRate: 0.5
        )
        var breaker = try TestBreaker(kind, .units(window: window))
        try breaker.perform(.metricsOnly)
        var transitions: [CircuitTransition] = []
        for _ in 0..<8 {
            var permit = try breaker.permit()
            permit.duration = .seconds(60)
            if let transition = try breaker.record(.failure(error: "broken"), of: permit) {
                transitions.append(transition)
            }
        }
        #expect(transitions == [.exceeded([.failures, .failureRate, .slowCallRate])])
        let view = try breaker.view()
        #expect((view.state, view.generation, view.failures) == ("metrics_only", 1, 8))
    }

    // Cases: breaker 19
    @Test(arguments: StoreKind.allCases)
    func `a repeated action changes nothing`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail()
        for (generation, action) in zip(1..., [CircuitAction.forceOpen, .disable, .metricsOnly, .enable]) {
            try breaker.perform(action)
            try breaker.perform(action)
            #expect(try breaker.view().generation == Int64(generation))
        }
        try breaker.fail()
        try breaker.perform(.reset)
        try breaker.perform(.reset)
        #expect(try breaker.view() == BreakerView(generation: 5, lastError: "broken"))
    }

    @Test(arguments: StoreKind.allCases)
    func `a reset closes the breaker for all processes and ends its cool-down`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        let limited = try breaker.permit()
        try breaker.record(.limited(for: .seconds(300), reason: .rateLimited), of: limited)
        try breaker.perform(.reset)
        #expect(try breaker.answer() == "allowed")
        try breaker.fail(5)
        var other = try breaker.elsewhere()
        #expect(try other.answer() == "open 10")
        try breaker.perform(.reset)
        #expect(try other.answer() == "allowed")
        #expect(try breaker.answer() == "allowed")
    }

    @Test(arguments: StoreKind.allCases)
    func `enabling does not close an open breaker`(_ kind: StoreKind) throws {
        var breaker = try TestBreaker(kind, .units())
        try breaker.fail(5)
        try breaker.perform(.enable)
        #expect(try breaker.answer() == "open 10")
    }
}
