import Base
import Core
import System
import Testing
import Reliability

/// The allowed values of a policy.
@Suite struct CircuitBreakerPolicyTests {
    @Test func `the default policy opens after five failures for two minutes and closes after two probes`() throws {
        let policy = try CircuitBreakerPolicy()
        #expect((policy.failureThreshold, policy.successThreshold, policy.halfOpenPermits) == (5, 2, 2))
        #expect((policy.callTimeout, policy.resetTimeout) == (.seconds(60), .seconds(120)))
        #expect((policy.growthFactor, policy.jitter, policy.minimumReporters) == (1, 0, 1))
        #expect((policy.failureDecay, policy.halfOpenMaximumWait, policy.window) == (nil, nil, nil))
        #expect(try CircuitBreakerPolicy(Environment([])) == policy)
    }

    // Cases: breaker 21
    @Test(arguments: [0, -1, .min, 1_000_001, .max])
    func `counts must be from 1 to 1,000,000`(_ count: Int) {
        #expect(invalid { () throws(Invalid) in try .init(failureThreshold: count) } == "failureThreshold")
        #expect(invalid { () throws(Invalid) in try .init(successThreshold: count) } == "successThreshold")
        #expect(invalid { () throws(Invalid) in try .init(halfOpenPermits: count) } == "halfOpenPermits")
        #expect(invalid { () throws(Invalid) in try .init(minimumReporters: count) } == "minimumReporters")
        #expect(invalid { () throws(Invalid) in try Self.window(minimumCalls: count) } == "minimumCalls")
    }

    // Cases: breaker 21
    @Test(arguments: [Duration.zero, .seconds(-1), .microseconds(999), .seconds(366 * 86_400 + 1), .seconds(Int64.max)])
    func `durations must be from a millisecond to a year`(_ time: Duration) {
        #expect(invalid { () throws(Invalid) in try .init(callTimeout: time) } == "callTimeout")
        #expect(invalid { () throws(Invalid) in try .init(leaseMargin: time) } == "leaseMargin")
        #expect(invalid { () throws(Invalid) in try .init(resetTimeout: time) } == "resetTimeout")
        #expect(invalid { () throws(Invalid) in try .init(maximumResetTimeout: time) } == "maximumResetTimeout")
        #expect(invalid { () throws(Invalid) in try .init(halfOpenMaximumWait: time) } == "halfOpenMaximumWait")
        #expect(invalid { () throws(Invalid) in try .init(failureDecay: time) } == "failureDecay")
        #expect(invalid { () throws(Invalid) in try Self.window(length: time) } == "window")
        #expect(invalid { () throws(Invalid) in try Self.window(slowCallDuration: time) } == "slowCallDuration")
    }

    // Cases: breaker 21
    @Test(arguments: [-1, Double.nan, Double.infinity, -Double.infinity, 11])
    func `factors and fractions must be in their ranges`(_ number: Double) {
        #expect(invalid { () throws(Invalid) in try .init(growthFactor: number) } == "growthFactor")
        #expect(invalid { () throws(Invalid) in try .init(jitter: number) } == "jitter")
        #expect(invalid { () throws(Invalid) in try Self.window(failureRate: number) } == "failureRate")
        #expect(invalid { () throws(Invalid) in try Self.window(slowCallRate: number) } == "slowCallRate")
    }

    @Test func `parameters that depend on each other are required together`() {
        #expect(
            invalid { () throws(Invalid) in try .init(maximumResetTimeout: .seconds(119)) } == "maximumResetTimeout"
        )
        #expect(
            invalid { () throws(Invalid) in try .init(window: CircuitWindow(length: .seconds(9))) } == "failureRate"
        )
        #expect(
            invalid { () throws(Invalid) in
                try .init(window: CircuitWindow(length: .seconds(9), slowCallDuration: .seconds(1)))
            } == "slowCallRate"
        )
        #expect(
            invalid { () throws(Invalid) in try .init(window: CircuitWindow(length: .seconds(9), slowCallRate: 1)) }
                == "slowCallDuration"
        )
    }

    @Test func `the longest opening is at least as long as the first`() throws {
        #expect(try CircuitBreakerPolicy(resetTimeout: .seconds(7_200)).maximumResetTimeout == .seconds(7_200))
        #expect(try CircuitBreakerPolicy().maximumResetTimeout == .seconds(1_800))
    }

    @Test func `every parameter has a variable`() throws {
        let policy = try CircuitBreakerPolicy(
            Environment([
                ("NOFX_BREAKER_FAILURE_THRESHOLD", "7"), ("NOFX_BREAKER_SUCCESS_THRESHOLD", "3"),
                ("NOFX_BREAKER_TIMEOUT_MS", "5000"), ("NOFX_BREAKER_RESET_MS", "9000"),
                ("NOFX_BREAKER_MAX_RESET_MS", "90000"), ("NOFX_BREAKER_GROWTH", "1.5"), ("NOFX_BREAKER_JITTER", "0.1"),
                ("NOFX_BREAKER_PERMITS", "4"), ("NOFX_BREAKER_MIN_REPORTERS", "2"), ("NOFX_BREAKER_DECAY_MS", "600000"),
                ("NOFX_BREAKER_WINDOW_MS", "60000"), ("NOFX_BREAKER_MIN_CALLS", "20"),
                ("NOFX_BREAKER_FAILURE_RATE", "0.5"), ("NOFX_BREAKER_SLOW_MS", "2000"),
                ("NOFX_BREAKER_SLOW_RATE", "0.75"), ("NOFX_BREAKER_HALF_OPEN_MAX_MS", "30000"),
                ("NOFX_BREAKER_HALF_OPEN_CLOSES", "1"),
            ])
        )
        let expected = try CircuitBreakerPolicy(
            failureThreshold: 7,
            successThreshold: 3,
            callTimeout: .seconds(5),
            resetTimeout: .seconds(9),
            maximumResetTimeout: .seconds(90),
            growthFactor: 1.5,
            jitter: 0.1,
            halfOpenPermits: 4,
            halfOpenMaximumWait: .seconds(30),
            closesAfterMaximumWait: true,
            minimumReporters: 2,
            failureDecay: .seconds(600),
            window: CircuitWindow(
                length: .seconds(60),
                minimumCalls: 20,
                failureRate: 0.5,
                slowCallDuration: .seconds(2),
                slowCallRate: 0.75
            )
        )
        #expect(policy == expected)
    }

    // Cases: breaker 21
    @Test(arguments: [
        ("FAILURE_THRESHOLD", "-5"), ("FAILURE_THRESHOLD", "0"), ("FAILURE_THRESHOLD", "many"),
        ("SUCCESS_THRESHOLD", "-1"), ("TIMEOUT_MS", "0"), ("RESET_MS", "-120000"), ("RESET_MS", "1e3"),
        ("MAX_RESET_MS", "1000"), ("GROWTH", "0.5"), ("GROWTH", "nan"), ("GROWTH", "fast"), ("JITTER", "2"),
        ("PERMITS", "0"), ("MIN_REPORTERS", "3"), ("DECAY_MS", "-1"), ("WINDOW_MS", "0"), ("HALF_OPEN_MAX_MS", "no"),
        ("HALF_OPEN_CLOSES", "yes"),
    ])
    func `an invalid variable is named`(_ name: String, _ value: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try CircuitBreakerPolicy(Environment([("NOFX_BREAKER_" + name, value)]))
        }
        #expect(error?.variable == "NOFX_BREAKER_" + name)
    }

    @Test(arguments: [
        ("FAILURE_RATE", "0"), ("FAILURE_RATE", "-0.5"), ("FAILURE_RATE", "50"), ("FAILURE_RATE", "inf"),
        ("SLOW_RATE", "1.01"), ("SLOW_MS", "-1"), ("MIN_CALLS", "0"),
    ])
    func `an invalid variable of the window is named`(_ name: String, _ value: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try CircuitBreakerPolicy(
                Environment([
                    ("NOFX_BREAKER_" + name, value), ("NOFX_BREAKER_WINDOW_MS", "1000"),
                    ("NOFX_BREAKER_FAILURE_RATE", "0.5"), ("NOFX_BREAKER_SLOW_MS", "10"),
                    ("NOFX_BREAKER_SLOW_RATE", "0.5"),
                ])
            )
        }
        #expect(error?.variable == "NOFX_BREAKER_" + name)
    }

    @Test func `a rate without a window is rejected`() {
        let error = #expect(throws: ConfigurationError.self) {
            try CircuitBreakerPolicy(Environment([("NOFX_BREAKER_FAILURE_RATE", "0.5")]))
        }
        #expect(error == ConfigurationError("NOFX_BREAKER_WINDOW_MS", "must be set where a rate is"))
    }
}

private typealias Invalid = CircuitBreakerPolicy.Invalid

extension CircuitBreakerPolicyTests {
    /// The parameter for which a policy is rejected; nil if it is accepted.
    private func invalid(_ make: () throws(Invalid) -> CircuitBreakerPolicy) -> String? {
        do {
            _ = try make()
            return nil
        } catch {
            return error.parameter
        }
    }

    private static func window(
        length: Duration = .seconds(60),
        minimumCalls: Int = 10,
        failureRate: Double = 0.5,
        slowCallDuration: Duration = .seconds(5),
        slowCallRate: Double = 0.5
    ) throws(Invalid) -> CircuitBreakerPolicy {
        try CircuitBreakerPolicy(
            window: CircuitWindow(
                length: length,
                minimumCalls: minimumCalls,
                failureRate: failureRate,
                slowCallDuration: slowCallDuration,
                slowCallRate: slowCallRate
            )
        )
    }
}
