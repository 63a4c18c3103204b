import Base
import Core
import Queue

/// The outcome of an attempt to deliver a job.
enum DeliveryOutcome {
    case delivered
    case dropped
    case retried(after: Duration, reason: String)
    case dead(reason: String)

    /// The outcome of a transient error: a retry, or a dead letter after the last attempt.
    ///
    /// - Parameters:
    ///   - reason: The error.
    ///   - attempt: The number of the attempt that failed.
    ///   - floor: The shortest wait, as the receiver asks for it.
    init(transientError reason: String, attempt: Int, notBefore floor: Duration = .zero) {
        guard let wait = RetrySchedule.outbox.delay(afterAttempts: attempt) else {
            self = .dead(reason: reason)
            return
        }
        // Jobs that failed together must not all be retried at the same time.
        self = .retried(after: max(wait * Double.random(in: 1...1.2), floor), reason: reason)
    }

    /// The outcome of a job that was claimed more often than the schedule allows.
    static var exhausted: DeliveryOutcome { .dead(reason: "every attempt ended without a result") }

    var name: String {
        switch self {
        case .delivered: "delivered"
        case .dropped: "dropped"
        case .retried: "retried"
        case .dead: "dead"
        }
    }

    var reason: String? {
        switch self {
        case .delivered, .dropped: nil
        case .retried(_, let reason), .dead(let reason): reason
        }
    }

    /// The outcome as it is reported to the queue.
    var ofJob: JobOutcome {
        switch self {
        case .delivered, .dropped: .completed
        case .retried(let wait, let reason): .failed(error: String(reason.prefix(500)), notBefore: wait)
        case .dead(let reason): .failed(error: String(reason.prefix(500)), isFinal: true)
        }
    }
}

extension RetrySchedule {
    /// The schedule of mail and messages to webhooks: 8 attempts, with 33 hours between the first and the last.
    static let outbox = RetrySchedule(
        delays: [.zero] + [1, 5, 30, 120, 360, 720, 720].map { .seconds($0 * 60) }
    )
}

extension Job {
    /// Whether it was claimed more often than the schedule allows.
    var isExhausted: Bool { attempt > RetrySchedule.outbox.delays.count }
}
