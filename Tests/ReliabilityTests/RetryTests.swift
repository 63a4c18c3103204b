import Base
import Core
import Glibc
import TestSupport
import Testing
import Reliability

@Suite struct RetryTests {
    // Cases: breaker 46
    @Test func `work that keeps failing is tried four times, and its last error is thrown unchanged`() {
        let waits = Waits()
        var numbers: [Int] = []
        let error = #expect(throws: Transient.self) {
            try waits.retry().run(deadline: .test, decide: { _ in .retry() }) { number in
                numbers.append(number)
                throw Transient(number: number)
            }
        }
        #expect(error == Transient(number: 3))
        #expect(numbers == [0, 1, 2, 3])
        #expect(waits.all == [.seconds(2), .seconds(4), .seconds(8)])
    }

    @Test func `the first success ends the retries`() throws {
        let waits = Waits()
        let result = try waits.retry().run(deadline: .test, decide: { _ in .retry() }) { number in
            guard number == 2 else { throw Transient() }
            return number
        }
        #expect(result == 2)
        #expect(waits.all == [.seconds(2), .seconds(4)])
    }

    // Cases: breaker 47
    @Test func `a permanent error is not retried`() {
        let waits = Waits()
        var calls = 0
        #expect(throws: Transient(number: 401)) {
            try waits.retry().run(deadline: .test, decide: { _ in .stop }) { _ in
                calls += 1
                throw Transient(number: 401)
            }
        }
        #expect(calls == 1)
        #expect(waits.all == [])
    }

    @Test func `a policy without retries tries once`() {
        let waits = Waits()
        var calls = 0
        #expect(throws: Transient()) {
            try waits.retry(.never).run(deadline: .test, decide: { _ in .retry() }) { _ in
                calls += 1
                throw Transient()
            }
        }
        #expect(calls == 1)
        #expect(waits.all == [])
    }

    @Test func `retryAtMost limits the retries of some errors`() {
        func calls(_ decisions: [RetryDecision]) -> Int {
            var calls = 0
            _ = try? Waits().retry().run(deadline: .test, decide: { _ in decisions[calls - 1] }) { _ in
                calls += 1
                throw Transient()
            }
            return calls
        }
        #expect(calls([.retryAtMost(0)]) == 1)
        #expect(calls([.retryAtMost(1), .retryAtMost(1)]) == 2)
        #expect(calls([.retryAtMost(1), .retry(), .retryAtMost(1)]) == 3)
        #expect(calls([.retryAtMost(9), .retryAtMost(9), .retryAtMost(9), .retryAtMost(9)]) == 4)
    }

    // Cases: breaker 46
    @Test func `the caller is notified of each retry, and an error thrown there is ignored`() {
        var told: [UpcomingRetry] = []
        #expect(throws: Transient(number: 3)) {
            try Waits().retry().run(
                deadline: .test,
                decide: { _ in .retry() },
                onRetry: { retry in
                    told.append(retry)
                    throw Transient(number: -1)
                },
                { throw Transient(number: $0) }
            )
        }
        #expect(told.map(\.number) == [1, 2, 3])
        #expect(told.map { $0.error as? Transient } == [0, 1, 2].map { Transient(number: $0) })
        #expect(told.map(\.delay) == [.seconds(2), .seconds(4), .seconds(8)])
    }

    // Cases: breaker 56
    @Test func `a wait of zero does not use the clock`() throws {
        let waits = Waits()
        let policy = try RetryPolicy(base: .zero, cap: .zero)
        var calls = 0
        _ = try? waits.retry(policy).run(deadline: .test, decide: { _ in .retry() }) { _ in
            calls += 1
            throw Transient()
        }
        #expect(calls == 4)
        #expect(waits.all == [])
    }
}

/// Waits that servers ask for, within and beyond the limits.
extension RetryTests {
    private static func run(
        retryAfter: [Duration],
        policy: RetryPolicy = .standard,
        deadline: Deadline = .test,
        random: @escaping Retry.Random = { $0.lowerBound }
    ) -> (calls: Int, waits: [Duration]) {
        let waits = Waits()
        var calls = 0
        _ = try? waits.retry(policy, random: random).run(
            deadline: deadline,
            decide: { _ in .retry(after: RetryAfter(retryAfter[min(calls, retryAfter.count) - 1])) }
        ) { _ in
            calls += 1
            throw Transient()
        }
        return (calls, waits.all)
    }

    @Test func `a wait is at least as long as the server asks`() {
        // From the third retry on, the policy's own wait is longer.
        let run = Self.run(retryAfter: [.seconds(3)])
        #expect(run.waits == [.seconds(3), .seconds(3), .seconds(4)])
    }

    // Cases: breaker 68
    @Test func `jitter only lengthens a wait that the server asks for`() {
        let floor = Duration.seconds(20) + .nanoseconds(1)
        var draws: Set<Duration> = []
        for _ in 0..<2_500 {
            let run = Self.run(retryAfter: [floor], random: { .random(in: $0) })
            draws.formUnion(run.waits)
        }
        #expect(draws.allSatisfy { $0 >= floor && $0 <= floor + .seconds(5) })
        #expect(draws.count > 7_000)
    }

    // Cases: breaker 59
    @Test(arguments: [(60, 4), (61, 1)])
    func `a wait beyond the policy's limit is not begun`(_ seconds: Int, _ calls: Int) {
        let deadline = Deadline.after(.seconds(600))
        let run = Self.run(retryAfter: [.seconds(seconds)], deadline: deadline)
        #expect(run.calls == calls)
        #expect(run.waits == Array(repeating: .seconds(seconds), count: calls - 1))
    }

    // Cases: breaker 66
    @Test func `a wait beyond the deadline is not begun`() {
        let run = Self.run(retryAfter: [.seconds(30)], deadline: .after(.seconds(10)))
        #expect(run.calls == 1)
        #expect(run.waits == [])
    }

    @Test func `jitter does not extend a wait beyond the deadline`() {
        let run = Self.run(
            retryAfter: [.seconds(59)],
            deadline: .after(.seconds(60)),
            random: { $0.upperBound }
        )
        #expect(run.calls == 4)
        #expect(run.waits.allSatisfy { $0 >= .seconds(59) && $0 < .seconds(60) })
    }

    // Cases: breaker 51
    @Test func `a backoff that does not fit before the deadline is not begun`() {
        let waits = Waits()
        var calls = 0
        let error = #expect(throws: Transient.self) {
            // The second wait would be 4 s.
            try waits.retry().run(deadline: .after(.milliseconds(3_900)), decide: { _ in .retry() }) { number in
                calls += 1
                throw Transient(number: number)
            }
        }
        #expect(error == Transient(number: 1))
        #expect(calls == 2)
        #expect(waits.all == [.seconds(2)])
    }

    // Cases: breaker 51
    @Test func `nothing is retried after the deadline`() {
        let deadline = Deadline.after(.milliseconds(20))
        var calls = 0
        let error = #expect(throws: Transient.self) {
            try Waits().retry(try RetryPolicy(base: .zero)).run(deadline: deadline, decide: { _ in .retry() }) {
                number in
                calls += 1
                while !deadline.hasPassed { sched_yield() }
                throw Transient(number: number)
            }
        }
        #expect(error == Transient(number: 0))
        #expect(calls == 1)
    }
}

/// Cancelled callers.
extension RetryTests {
    // Cases: breaker 48
    @Test func `work that was cancelled before the first attempt is not tried`() {
        let cancellation = Cancellation()
        cancellation.cancel()
        var calls = 0
        let error = #expect(throws: RetryCancelled.self) {
            try Retry().run(deadline: .test, cancellation: cancellation, decide: { _ in .retry() }) { _ in calls += 1 }
        }
        #expect(calls == 0)
        #expect(error?.attempts == 0)
        #expect(error?.lastError == nil)
    }

    // Cases: breaker 49
    @Test func `a successful attempt counts even if it was cancelled`() throws {
        let cancellation = Cancellation()
        let result = try Retry().run(deadline: .test, cancellation: cancellation, decide: { _ in .retry() }) { _ in
            cancellation.cancel()
            return 7
        }
        #expect(result == 7)
    }

    @Test func `a failed attempt after a cancellation is the last`() {
        let cancellation = Cancellation()
        let waits = Waits()
        var told = 0
        let error = #expect(throws: RetryCancelled.self) {
            try waits.retry().run(
                deadline: .test,
                cancellation: cancellation,
                decide: { _ in .retry() },
                onRetry: { _ in told += 1 },
                { number in
                    cancellation.cancel()
                    throw Transient(number: number)
                }
            )
        }
        #expect(error?.attempts == 1)
        #expect(error?.lastError as? Transient == Transient(number: 0))
        #expect(told == 0)
        #expect(waits.all == [])
    }

    @Test func `an error that ends the retries is thrown unchanged, cancelled or not`() {
        let cancellation = Cancellation()
        #expect(throws: Transient(number: 3)) {
            try Retry().run(deadline: .test, cancellation: cancellation, decide: { _ in .stop }) { _ in
                cancellation.cancel()
                throw Transient(number: 3)
            }
        }
    }

    // Cases: breaker 50
    @Test func `a cancellation ends a wait`() throws {
        let cancellation = Cancellation()
        let policy = try RetryPolicy(base: .seconds(3_600), cap: .seconds(3_600))
        let deadline = Deadline.after(.seconds(7_200))
        var canceller: TestThread<Void>?
        var calls = 0
        let error = #expect(throws: RetryCancelled.self) {
            try Retry(policy).run(
                deadline: deadline,
                cancellation: cancellation,
                decide: { _ in .retry() },
                onRetry: { _ in canceller = TestThread { cancellation.cancel() } },
                { number in
                    calls += 1
                    throw Transient(number: number)
                }
            )
        }
        #expect(calls == 1)
        #expect(error?.attempts == 1)
        #expect(error?.lastError as? Transient == Transient(number: 0))
        canceller?.join()
    }

    // Cases: breaker 68
    @Test(arguments: [nil, Cancellation()])
    func `a wait never ends early`(_ cancellation: Cancellation?) {
        for _ in 0..<50 {
            let deadline = Deadline.after(.microseconds(300))
            Retry.sleep(nanoseconds: deadline.remainingNanoseconds, cancellation: cancellation)
            #expect(deadline.hasPassed)
        }
    }
}
