import Core
import Testing
import Reliability

/// The rates in a sliding window, in every store.
@Suite struct CircuitWindowTests {
    @Test(arguments: StoreKind.allCases)
    func `a failure rate opens the breaker after the minimum number of calls`(_ kind: StoreKind) throws {
        let window = try CircuitWindow(length: .seconds(10_000), minimumCalls: 8, failureRate: 0.5)
        var breaker = try TestBreaker(kind, .units(failureThreshold: 100, window: window))
        for _ in 0..<3 {
            try breaker.call(.failure(error: "broken"))
            try breaker.call(.success)
        }
        try breaker.call(.success)
        #expect(try breaker.call(.failure(error: "broken")) == .opened(for: .seconds(1_000)))
    }

    @Test(arguments: StoreKind.allCases)
    func `a lower failure rate leaves the breaker closed`(_ kind: StoreKind) throws {
        let window = try CircuitWindow(length: .seconds(10_000), minimumCalls: 4, failureRate: 0.5)
        var breaker = try TestBreaker(kind, .units(failureThreshold: 100, window: window))
        for _ in 0..<3 { try breaker.call(.success) }
        for _ in 0..<2 { #expect(try breaker.call(.failure(error: "broken")) == nil) }
        try breaker.call(.neutral)
        #expect(try breaker.call(.failure(error: "broken")) == .opened(for: .seconds(1_000)))
    }

    @Test(arguments: StoreKind.allCases)
    func `slow calls open the breaker even if they succeed`(_ kind: StoreKind) throws {
        let window = try CircuitWindow(
            length: .seconds(10_000),
            minimumCalls: 2,
            slowCallDuration: .seconds(5),
            slowCallRate: 1
        )
        var breaker = try TestBreaker(kind, .units(window: window))
        try breaker.slowCall(.milliseconds(5_000))
        #expect(try breaker.slowCall(.milliseconds(4_999)) == nil)
        try breaker.advance(by: .seconds(10_000))
        #expect(try breaker.slowCall(.seconds(5)) == nil)
        #expect(try breaker.slowCall(.seconds(5)) == .opened(for: .seconds(1_000)))
    }

    @Test(arguments: StoreKind.allCases)
    func `a slow probe does not close a breaker that slow calls open`(_ kind: StoreKind) throws {
        let window = try CircuitWindow(
            length: .seconds(10_000),
            slowCallDuration: .seconds(5),
            slowCallRate: 1
        )
        var breaker = try TestBreaker(kind, .units(window: window))
        try breaker.openAndWait()
        #expect(try breaker.slowCall(.seconds(5)) == .opened(for: .seconds(1_000)))
        #expect(try breaker.view().lastError == "slow_call")
    }

    // Cases: breaker 42
    @Test(arguments: StoreKind.allCases)
    func `the oldest calls leave the window slice by slice`(_ kind: StoreKind) throws {
        let window = try CircuitWindow(length: .seconds(10_000), minimumCalls: 10, failureRate: 1)
        var breaker = try TestBreaker(kind, .units(failureThreshold: 100, window: window))
        for _ in 0..<9 {
            try breaker.fail()
            try breaker.advance(by: .seconds(1_000))
        }
        // The first slice is ten slices old and out of the window; eight are left.
        try breaker.advance(by: .seconds(1_000))
        #expect(try breaker.call(.failure(error: "broken")) == nil)
        #expect(try breaker.call(.failure(error: "broken")) == .opened(for: .seconds(1_000)))
    }

    @Test(arguments: StoreKind.allCases)
    func `a window is cleared when the breaker closes`(_ kind: StoreKind) throws {
        let window = try CircuitWindow(length: .seconds(100_000), minimumCalls: 5, failureRate: 1)
        var breaker = try TestBreaker(kind, .units(failureThreshold: 100, window: window))
        try breaker.openAndWait()
        try breaker.call(.success)
        try breaker.call(.success)
        for _ in 0..<4 { #expect(try breaker.call(.failure(error: "broken")) == nil) }
        #expect(try breaker.call(.failure(error: "broken")) == .opened(for: .seconds(1_000)))
    }
}

extension TestBreaker {
    /// Makes a successful call of this duration.
    @discardableResult
    fileprivate mutating func slowCall(_ duration: Duration) throws -> CircuitTransition? {
        var permit = try permit()
        permit.duration = duration
        return try record(.success, of: permit)
    }
}
