import Base
import TestSupport
import Testing

@testable import Core
@testable import Reliability

/// Times of the state that must be exact to the microsecond.
@Suite struct CircuitStateTests {
    private let report = CircuitState.Report(
        generation: 0,
        hasFailures: true,
        isSlow: false,
        reporter: .v7(),
        tenant: nil
    )
    private let failure = CircuitOutcome.failure(error: "broken")

    // Cases: breaker 4, 37
    @Test func `a breaker is open until one microsecond before its end`() throws {
        let policy = try CircuitBreakerPolicy(failureThreshold: 1)
        var state = CircuitState()
        let start = Duration.seconds(7)
        #expect(state.record(failure, report, under: policy, random: 0, at: start) == .opened(for: .seconds(120)))
        let rejection = CircuitRejection(of: "test", .open, retryAfter: .microseconds(1), lastError: "broken")
        let before = start + .seconds(120) - .microseconds(1)
        #expect(state.admit("test", under: policy, random: 0, at: before) == .rejected(rejection))
        let verdict = state.admit("test", under: policy, random: 0, at: start + .seconds(120))
        #expect(verdict.grant?.isProbe == true && verdict.grant?.transition == .halfOpened)
    }

    // Cases: breaker 33
    @Test func `a lease expires exactly at its end`() throws {
        let policy = try CircuitBreakerPolicy(failureThreshold: 1, halfOpenPermits: 1)
        var state = CircuitState()
        _ = state.record(failure, report, under: policy, random: 0, at: .zero)
        _ = state.admit("test", under: policy, random: 0, at: .seconds(120))
        let rejection = CircuitRejection(of: "test", .probing, retryAfter: .microseconds(1), lastError: "broken")
        let end = Duration.seconds(190)
        #expect(state.admit("test", under: policy, random: 0, at: end - .microseconds(1)) == .rejected(rejection))
        #expect(state.generation == 2)
        _ = state.admit("test", under: policy, random: 0, at: end)
        #expect(state.generation == 3)
    }

    @Test func `a cool-down ends exactly at its end`() throws {
        let policy = try CircuitBreakerPolicy()
        var state = CircuitState()
        _ = state.record(.limited(for: .seconds(3), reason: .rateLimited), report, under: policy, random: 0, at: .zero)
        let rejection = CircuitRejection(of: "test", .rateLimited, retryAfter: .microseconds(1))
        let before = Duration.seconds(3) - .microseconds(1)
        #expect(state.admit("test", under: policy, random: 0, at: before) == .rejected(rejection))
        let verdict = state.admit("test", under: policy, random: 0, at: .seconds(3))
        #expect(verdict.grant?.isProbe == false && verdict.grant?.transition == nil)
    }

    @Test func `a cool-down is prolonged by a second or more, and not by less`() throws {
        let policy = try CircuitBreakerPolicy()
        var state = CircuitState()
        for milliseconds in [3_000, 3_999, 4_000, 4_001, 3_500] {
            let limit = CircuitOutcome.limited(for: .milliseconds(milliseconds), reason: .rateLimited)
            _ = state.record(limit, report, under: policy, random: 0, at: .zero)
        }
        #expect(state.cooldown?.until == .milliseconds(4_001))
        let short = CircuitOutcome.limited(for: .milliseconds(10), reason: .rateLimited)
        _ = state.record(short, report, under: policy, random: 0, at: .milliseconds(4_001))
        #expect(state.cooldown?.until == .milliseconds(4_011))
    }

    @Test func `the duration of an opening varies around its length`() throws {
        let policy = try CircuitBreakerPolicy(jitter: 0.1)
        #expect(policy.coolDown(forOpening: 1, random: 0) == .seconds(108))
        #expect(policy.coolDown(forOpening: 1, random: 0.5) == .seconds(120))
        #expect(policy.coolDown(forOpening: 1, random: 1) == .seconds(132))
    }

    // Cases: breaker 40
    @Test func `the longest duration and the most openings do not overflow`() throws {
        let year = Duration.seconds(366 * 86_400)
        let policy = try CircuitBreakerPolicy(resetTimeout: year, growthFactor: 10)
        #expect(policy.coolDown(forOpening: .max, random: 0) == year)
        let growing = try CircuitBreakerPolicy(growthFactor: 2)
        #expect(
            (1...6).map { growing.coolDown(forOpening: $0, random: 0) }
                == [120, 240, 480, 960, 1_800, 1_800].map { .seconds($0) }
        )
    }

    @Test func `a clock that was set back does not prolong an opening beyond the maximum`() throws {
        let policy = try CircuitBreakerPolicy(failureThreshold: 1, halfOpenPermits: 1)
        var state = CircuitState()
        _ = state.record(failure, report, under: policy, random: 0, at: .seconds(100_000))
        let rejection = CircuitRejection(of: "test", .open, retryAfter: .seconds(1_800), lastError: "broken")
        #expect(state.admit("test", under: policy, random: 0, at: .seconds(10)) == .rejected(rejection))
        let verdict = state.admit("test", under: policy, random: 0, at: .seconds(1_810))
        #expect(verdict.grant?.isProbe == true && verdict.grant?.transition == .halfOpened)
    }
}

extension CircuitState.Verdict {
    /// The grant; nil for a rejection.
    fileprivate var grant: CircuitGrant? {
        if case .allowed(let grant) = self { grant } else { nil }
    }
}
