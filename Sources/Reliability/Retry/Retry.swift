public import Base
internal import System

/// Retries work after transient errors, within a policy and a deadline.
///
/// ```swift
/// try Retry().run(deadline: deadline, decide: { decision(for: $0) }) { attempt in
///     try breaker.call(through: &store, classify: …) { try ask(provider) }
/// }
/// ```
///
/// If a wait would not end before the deadline, the error is thrown at once. Calls share no retry budget. The circuit
/// breaker around each attempt prevents retry storms, because its state is shared. A budget in a process that serves
/// one call at a time would always be full.
public struct Retry: Sendable {
    /// Sleeps for a number of nanoseconds, or until the cancellation.
    public typealias Sleep = @Sendable (_ nanoseconds: UInt64, _ cancellation: Cancellation?) -> Void

    /// Draws a number from a range.
    public typealias Random = @Sendable (ClosedRange<UInt64>) -> UInt64

    /// The number of retries and the waits before them.
    public let policy: RetryPolicy

    private let sleep: Sleep
    private let random: Random

    /// Makes a retry.
    ///
    /// Tests pass a sleep that returns at once and a fixed random source.
    public init(
        _ policy: RetryPolicy = .standard,
        sleep: @escaping Sleep = Retry.sleep,
        random: @escaping Random = { .random(in: $0) }
    ) {
        self.policy = policy
        self.sleep = sleep
        self.random = random
    }

    /// Repeats the work until an attempt succeeds or no further retry is permitted.
    ///
    /// - Parameters:
    ///   - deadline: The deadline of the result. The attempt must end by then on its own.
    ///   - cancellation: Checked before each attempt and during waits. An attempt that succeeds counts even after it.
    ///   - decide: Decides whether to retry after an error.
    ///   - onRetry: Called before each wait; its errors are ignored.
    ///   - attempt: The work. Its parameter is the number of earlier attempts.
    /// - Returns: The result of the first attempt that succeeds.
    /// - Throws: The error of the last attempt, unchanged, or ``RetryCancelled`` if the cancellation prevented an
    ///   attempt.
    public func run<Output>(
        deadline: Deadline,
        cancellation: Cancellation? = nil,
        decide: (any Error) -> RetryDecision,
        onRetry: (UpcomingRetry) throws -> Void = { _ in },
        _ attempt: (_ number: Int) throws -> Output
    ) throws -> Output {
        var allowance = RetryAllowance(policy.maxRetries)
        var attempts = 0
        var lastError: (any Error)?
        while cancellation?.isCancelled != true {
            do {
                return try attempt(attempts)
            } catch {
                attempts += 1
                let decision = decide(error)
                guard allowance.take(decision),
                    let delay = delay(beforeRetry: attempts, decision.retryAfter, within: deadline.remainingNanoseconds)
                else { throw error }
                lastError = error
                guard cancellation?.isCancelled != true else { break }
                try? onRetry(
                    UpcomingRetry(number: attempts, error: error, delay: .nanoseconds(Int64(clamping: delay)))
                )
                if delay > 0 { sleep(delay, cancellation) }
            }
        }
        throw RetryCancelled(attempts: attempts, lastError: lastError)
    }

    /// Sleeps; it notices a cancellation within 50 ms.
    @Sendable public static func sleep(nanoseconds: UInt64, cancellation: Cancellation?) {
        guard let cancellation else { return SystemClock.sleep(nanoseconds: nanoseconds) }
        let deadline = Deadline.after(.nanoseconds(Int64(clamping: nanoseconds)))
        while !cancellation.isCancelled, case let rest = deadline.remainingNanoseconds, rest > 0 {
            SystemClock.sleep(nanoseconds: min(rest, 50_000_000))
        }
    }

    /// The wait in nanoseconds; nil if the policy or the remaining time does not permit it.
    private func delay(beforeRetry number: Int, _ retryAfter: RetryAfter?, within time: UInt64) -> UInt64? {
        let backoff = drawn(policy.backoff(beforeRetry: number).nanosecondsClamped)
        guard let floor = retryAfter?.delay else { return backoff < time ? backoff : nil }
        let least = floor.nanosecondsClamped
        guard floor <= policy.maxRetryAfter, least < time else { return nil }
        guard backoff < least else { return backoff < time ? backoff : nil }
        // Clients with the same Retry-After must not retry at the same time: add up to a quarter, but never pass the
        // deadline.
        let room = min(least / 4, time - 1 - least)
        return least + random(0...room)
    }

    private func drawn(_ delay: UInt64) -> UInt64 {
        switch policy.jitter {
        case .none: delay
        case .equal: delay - delay / 2 + random(0...delay / 2)
        case .full: random(0...delay)
        }
    }
}

/// The caller's decision after a failed attempt.
public enum RetryDecision: Hashable, Sendable {
    /// Do not retry: the error is permanent, or a repetition would do harm.
    case stop

    /// Retry, but not before the time that the server asks for.
    case retry(after: RetryAfter? = nil)

    /// As ``retry(after:)``, but at most this many times in one run, even if the policy permits more.
    ///
    /// All errors with this decision share one count.
    case retryAtMost(Int, after: RetryAfter? = nil)
}

/// The number of retries left in one run.
struct RetryAllowance {
    private var left: Int
    private var limited = 0

    init(_ maxRetries: Int) {
        left = maxRetries
    }

    /// Takes a retry; false if the decision is to stop or no retry is left.
    mutating func take(_ decision: RetryDecision) -> Bool {
        guard left > 0 else { return false }
        switch decision {
        case .stop: return false
        case .retry: break
        case .retryAtMost(let limit, _):
            guard limited < limit else { return false }
            limited += 1
        }
        left -= 1
        return true
    }
}

extension RetryDecision {
    /// The wait that the server asks for.
    var retryAfter: RetryAfter? {
        switch self {
        case .stop: nil
        case .retry(let after), .retryAtMost(_, let after): after
        }
    }
}

/// A failed attempt that will be retried.
public struct UpcomingRetry {
    /// The number of the retry, from 1; equal to the number of attempts made.
    public let number: Int

    /// The error of the failed attempt.
    public let error: any Error

    /// The wait before the retry.
    public let delay: Duration
}

/// The cancellation prevented a further attempt.
public struct RetryCancelled: Error {
    /// The number of attempts made.
    public let attempts: Int

    /// The error of the last attempt; nil if there was none.
    public let lastError: (any Error)?
}
