public import Base
internal import System

/// Does something again while it fails in a way that may pass, and time and policy allow.
///
/// ```swift
/// try Retry().run(deadline: deadline, decide: { decision(for: $0) }) { attempt in
///     try breaker.call(through: &store, classify: …) { try ask(provider) }
/// }
/// ```
///
/// No wait begins that would not end before the deadline: the error is thrown at once instead. There is no budget
/// shared by calls: what keeps many callers from repeating themselves is the circuit breaker around each attempt,
/// whose state they share, while a count in a process that serves one call at a time would always be full.
public struct Retry: Sendable {
    /// Waits, for this many nanoseconds, or less when cancelled meanwhile.
    public typealias Sleep = @Sendable (_ nanoseconds: UInt64, _ cancellation: Cancellation?) -> Void

    /// Chooses a number from a range.
    public typealias Random = @Sendable (ClosedRange<UInt64>) -> UInt64

    /// How often, and after which waits.
    public let policy: RetryPolicy

    private let sleep: Sleep
    private let random: Random

    /// Makes a retry; tests give it a sleep that takes no time and chance that is none.
    public init(
        _ policy: RetryPolicy = .standard,
        sleep: @escaping Sleep = Retry.sleep,
        random: @escaping Random = { .random(in: $0) }
    ) {
        self.policy = policy
        self.sleep = sleep
        self.random = random
    }

    /// Tries until an attempt succeeds, or there is no point in another one.
    ///
    /// - Parameters:
    ///   - deadline: When the result is due. It is the attempt's own business to end by then.
    ///   - cancellation: Looked at before each attempt and during waits. An attempt that succeeds counts all the same.
    ///   - decide: What to do after an error.
    ///   - onRetry: Called before each wait; its errors are ignored.
    ///   - attempt: The work; its parameter is the number of earlier attempts.
    /// - Returns: What the first attempt that succeeds returns.
    /// - Throws: The error of the last attempt, unchanged, or ``RetryCancelled`` when there would have been another.
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

    /// Waits as long as it should; a cancellation is noticed within 50 ms.
    @Sendable public static func sleep(nanoseconds: UInt64, cancellation: Cancellation?) {
        guard let cancellation else { return SystemClock.sleep(nanoseconds: nanoseconds) }
        let deadline = Deadline.after(.nanoseconds(Int64(clamping: nanoseconds)))
        while !cancellation.isCancelled, case let rest = deadline.remainingNanoseconds, rest > 0 {
            SystemClock.sleep(nanoseconds: min(rest, 50_000_000))
        }
    }

    /// The wait in nanoseconds; nil when it is longer than may be waited for.
    private func delay(beforeRetry number: Int, _ retryAfter: RetryAfter?, within time: UInt64) -> UInt64? {
        let backoff = drawn(policy.backoff(beforeRetry: number).nanosecondsClamped)
        guard let floor = retryAfter?.delay else { return backoff < time ? backoff : nil }
        let least = floor.nanosecondsClamped
        guard floor <= policy.maxRetryAfter, least < time else { return nil }
        guard backoff < least else { return backoff < time ? backoff : nil }
        // Clients with the same Retry-After must not return together: add up to a quarter, but never pass the deadline.
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

/// What the caller of ``Retry`` decides after a failed attempt.
public enum RetryDecision: Hashable, Sendable {
    /// The error would come again, or a repetition would do harm.
    case stop

    /// It is worth another attempt, not before the time the server asks for.
    case retry(after: RetryAfter? = nil)

    /// As ``retry(after:)``, but not more often than this in one run, however many the policy allows. All errors so
    /// decided share one count.
    case retryAtMost(Int, after: RetryAfter? = nil)
}

/// How many retries are left in one run.
struct RetryAllowance {
    private var left: Int
    private var limited = 0

    init(_ maxRetries: Int) {
        left = maxRetries
    }

    /// Takes a retry, if the decision is for one and there is one left.
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
    /// What the server asks for.
    var retryAfter: RetryAfter? {
        switch self {
        case .stop: nil
        case .retry(let after), .retryAtMost(_, let after): after
        }
    }
}

/// A failed attempt that will be retried.
public struct UpcomingRetry {
    /// Which retry it will be, the first one being 1; as many attempts have been made.
    public let number: Int

    /// What the attempt failed with.
    public let error: any Error

    /// How long is waited for.
    public let delay: Duration
}

/// The work was cancelled, so there was no further attempt.
public struct RetryCancelled: Error {
    /// How many attempts were made.
    public let attempts: Int

    /// What the last of them failed with; nil when there was none.
    public let lastError: (any Error)?
}
