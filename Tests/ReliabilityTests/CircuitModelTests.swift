import Base
import Core
import TestSupport
import Testing
import Reliability

/// The same calls at the same times in memory and in Postgres: all answers and states must be equal.
@Suite struct CircuitModelTests {
    @Test(arguments: 1...12)
    func `the memory store and the Postgres store behave equally`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let policy = try Self.policy(using: &random)
        let reporters = [UUID.v7(), UUID.v7()]
        var memory = try TestBreaker(.memory, policy, reporter: reporters[0])
        var shared = try TestBreaker(.postgres, policy, reporter: reporters[0])
        var permits = Permits()
        for step in 1...120 {
            let operation = Operation.random(using: &random)
            let (left, right) = try permits.perform(operation, &memory, &shared, using: &random)
            try #require(left == right, "step \(step), \(operation)")
            let (here, there) = (try memory.view(), try shared.view())
            try #require(here == there, "step \(step), \(operation)")
        }
    }

    /// A policy that has each option with probability 1/2.
    ///
    /// No age at which equality matters is a multiple of the test's time steps.
    private static func policy(using random: inout SeededGenerator) throws -> CircuitBreakerPolicy {
        let window = try CircuitWindow(
            length: .seconds([2_000, 5_000].randomElement(using: &random) ?? 0),
            minimumCalls: .random(in: 2...8, using: &random),
            failureRate: 0.5,
            slowCallDuration: .seconds(5),
            slowCallRate: 0.75
        )
        return try .units(
            failureThreshold: .random(in: 2...5, using: &random),
            successThreshold: .random(in: 1...4, using: &random),
            resetTimeout: .seconds([500, 1_000].randomElement(using: &random) ?? 0),
            maximumResetTimeout: .seconds(3_000),
            growthFactor: [1, 1.5, 2].randomElement(using: &random) ?? 1,
            halfOpenPermits: .random(in: 1...4, using: &random),
            halfOpenMaximumWait: Bool.random(using: &random) ? .seconds(1_500) : nil,
            closesAfterMaximumWait: .random(using: &random),
            failureDecay: Bool.random(using: &random) ? .seconds(700) : nil,
            window: Bool.random(using: &random) ? window : nil
        )
    }
}

/// A random operation.
private enum Operation {
    case acquire
    case record(CircuitOutcome, Duration)
    case pass(Duration)
    case perform(CircuitAction)

    static func random(using random: inout SeededGenerator) -> Operation {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: .acquire
        case 40..<56: .record(.failure(error: "broken"), .seconds(.random(in: 0...8, using: &random)))
        case 56..<74: .record(.success, .seconds(.random(in: 0...8, using: &random)))
        case 74..<80: .record(.neutral, .zero)
        case 80..<83:
            .record(.limited(for: .seconds(.random(in: 1...6, using: &random) * 100), reason: .rateLimited), .zero)
        case 83..<97: .pass(.seconds(.random(in: 1...5, using: &random) * 100))
        default: .perform(CircuitAction.allCases.randomElement(using: &random) ?? .reset)
        }
    }
}

/// The outstanding permits, in pairs.
private struct Permits: ~Copyable {
    private var memory: [Int: Box] = [:]
    private var shared: [Int: Box] = [:]
    private var count = 0

    /// An object with a permit, because an array cannot hold noncopyable permits.
    private final class Box {
        var permit: CircuitPermit?

        init(_ permit: consuming CircuitPermit) {
            self.permit = consume permit
        }
    }

    mutating func perform(
        _ operation: Operation,
        _ left: inout TestBreaker,
        _ right: inout TestBreaker,
        using random: inout SeededGenerator
    ) throws -> (String, String) {
        switch operation {
        case .acquire:
            count += 1
            let here = try Self.acquire(&left)
            let there = try Self.acquire(&right)
            memory[count] = here.box
            shared[count] = there.box
            return (here.answer, there.answer)
        case .record(let outcome, let duration):
            guard let key = memory.keys.sorted().randomElement(using: &random) else { return ("", "") }
            return (
                try Self.record(outcome, duration, memory.removeValue(forKey: key), &left),
                try Self.record(outcome, duration, shared.removeValue(forKey: key), &right)
            )
        case .pass(let duration):
            try left.advance(by: duration)
            try right.advance(by: duration)
        case .perform(let action):
            try left.perform(action)
            try right.perform(action)
        }
        return ("", "")
    }

    private static func acquire(_ breaker: inout TestBreaker) throws -> (answer: String, box: Box?) {
        switch try breaker.acquire() {
        case .permitted(let permit):
            let answer = "\(permit.isProbe) \(permit.generation) \(String(describing: permit.transition))"
            return (answer, Box(permit))
        case .rejected(let rejection):
            let transition = String(describing: rejection.transition)
            return ("\(Answer(rejection)) \(rejection.lastError ?? "") \(transition)", nil)
        }
    }

    private static func record(
        _ outcome: CircuitOutcome,
        _ duration: Duration,
        _ box: Box?,
        _ breaker: inout TestBreaker
    ) throws -> String {
        guard var permit = box?.permit.take() else { return "no permit" }
        permit.duration = duration
        return String(describing: try breaker.record(outcome, of: permit))
    }
}
