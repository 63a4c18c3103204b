import Base
import Core
import System
import TestSupport
import Testing
import Reliability

@Suite struct RetryPolicyTests {
    // Cases: breaker 43
    @Test func `waits double up to the cap`() throws {
        let standard = (1...6).map { RetryPolicy.standard.backoff(beforeRetry: $0) }
        #expect(standard == [2, 4, 8, 15, 15, 15].map { .seconds($0) })
        let higher = try RetryPolicy(cap: .seconds(30))
        #expect((1...6).map { higher.backoff(beforeRetry: $0) } == [2, 4, 8, 16, 30, 30].map { .seconds($0) })
    }

    // Cases: breaker 44
    @Test(arguments: [1_000, Int.max])
    func `a wait saturates and never overflows`(_ number: Int) throws {
        let day = Duration.seconds(86_400)
        let capped = try RetryPolicy(base: day, cap: .seconds(Int64.max))
        // The largest number of nanoseconds in an Int64, 292 years.
        #expect(capped.backoff(beforeRetry: number) == .nanoseconds(Int64.max))
        #expect(try RetryPolicy(base: day, factor: .max, cap: day * 7).backoff(beforeRetry: number) == day * 7)
        #expect(try RetryPolicy(base: day, factor: 1, cap: day * 7).backoff(beforeRetry: number) == day)
        #expect(try RetryPolicy(base: .zero).backoff(beforeRetry: number) == .zero)
    }

    @Test func `an invalid parameter is rejected by name`() {
        func refused(_ make: () throws -> RetryPolicy) -> String? {
            do {
                _ = try make()
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(refused { try RetryPolicy(maxRetries: -1) } == "maxRetries: must not be negative")
        #expect(refused { try RetryPolicy(base: .nanoseconds(-1)) } == "base: must not be negative")
        #expect(refused { try RetryPolicy(factor: 0) } == "factor: must be at least 1")
        #expect(refused { try RetryPolicy(cap: .seconds(1)) } == "cap: must not be less than the base")
        #expect(refused { try RetryPolicy(maxRetryAfter: .seconds(-1)) } == "maxRetryAfter: must not be negative")
    }

    @Test func `the environment sets the policy`() throws {
        #expect(try RetryPolicy(Environment([])) == .standard)
        let environment = Environment([
            ("NOFX_RETRY_MAX", "0"), ("NOFX_RETRY_BASE_MS", "250"), ("NOFX_RETRY_CAP_MS", "250"),
        ])
        let policy = try RetryPolicy(environment)
        #expect(policy == (try RetryPolicy(maxRetries: 0, base: .milliseconds(250), cap: .milliseconds(250))))
    }

    @Test(
        arguments: [
            ("NOFX_RETRY_MAX", "-1", "must be a whole number from 0 to 10"),
            ("NOFX_RETRY_MAX", "NaN", "must be a whole number from 0 to 10"),
            ("NOFX_RETRY_BASE_MS", "-2000", "must be a whole number from 0 to 3600000"),
            ("NOFX_RETRY_BASE_MS", "3600001", "must be a whole number from 0 to 3600000"),
            ("NOFX_RETRY_CAP_MS", "1e3", "must be a whole number from 0 to 3600000"),
            ("NOFX_RETRY_CAP_MS", "1999", "must not be less than NOFX_RETRY_BASE_MS"),
        ]
    )
    func `an invalid variable is rejected by name`(_ name: String, _ value: String, _ rule: String) {
        let error = #expect(throws: ConfigurationError.self) { try RetryPolicy(Environment([(name, value)])) }
        #expect(error == ConfigurationError(name, rule))
    }

    // Cases: breaker 45
    @Test func `jitter is half of a wait or all of it`() throws {
        func range(_ jitter: RetryJitter) throws -> Set<Duration> {
            let policy = try RetryPolicy(
                maxRetries: 1,
                base: .nanoseconds(100),
                cap: .nanoseconds(100),
                jitter: jitter
            )
            var delays: Set<Duration> = []
            for _ in 0..<10_000 {
                let retry = Retry(policy) { nanoseconds, _ in #expect(nanoseconds > 0) }
                _ = try? retry.run(deadline: .test, decide: { _ in .retry() }, onRetry: { delays.insert($0.delay) }) {
                    _ in
                    throw Transient()
                }
            }
            return delays
        }
        #expect(try range(.none) == [.nanoseconds(100)])
        #expect(try range(.equal) == Set((50...100).map { .nanoseconds($0) }))
        #expect(try range(.full) == Set((0...100).map { .nanoseconds($0) }))
    }
}

/// A transient error.
struct Transient: Error, Equatable {
    var number = 0
}
