import Base
import Queue
import System

/// A delivery that a thread makes.
struct OutboxTask: Sendable {
    let job: Job
    let content: Content

    var isMail: Bool {
        if case .mail = content { true } else { false }
    }

    /// What is sent.
    enum Content: Sendable {
        case mail(MailMessage)
        case message(WebhookMessage)
    }
}

/// A delivery that was made.
struct OutboxResult: Sendable {
    let task: OutboxTask
    let attempt: WebhookAttempt
}

/// The threads that send mail and messages, so that a slow receiver does not hold up the others.
///
/// One thread sends mail, and several send messages. They use no database: the thread that started them claims the jobs
/// and reports the outcomes.
final class OutboxSenders: Sendable {
    /// How many messages are sent at once.
    static let messageThreads = 16

    private struct State {
        var tasks: [OutboxTask] = []
        var results: [OutboxResult] = []
        var threads = 0
        var isClosed = false
    }

    private let state = Monitor(State())
    private let channels: DeliveryChannels
    private let deadline: Deadline
    private let trace: Trace

    /// Makes senders without a thread.
    ///
    /// - Parameters:
    ///   - channels: What to send through.
    ///   - deadline: When every attempt must have ended.
    ///   - trace: The trace of the call that delivers.
    init(_ channels: DeliveryChannels, deadline: Deadline, trace: Trace) {
        self.channels = channels
        self.deadline = deadline
        self.trace = trace
    }

    /// Starts a thread that sends mail.
    func startMailThread(in threads: inout Threads) throws(SystemError) {
        try start(in: &threads) { senders in
            guard var mailer = try? Mailer(senders.channels.environment) else { return }
            while let task = senders.next(isMail: true) {
                guard case .mail(let message) = task.content else { continue }
                let attempt = mailer.attempt(message, number: task.job.attempt, deadline: senders.deadline)
                senders.submit(OutboxResult(task: task, attempt: attempt))
            }
        }
    }

    /// Starts a thread that sends messages.
    func startMessageThread(in threads: inout Threads) throws(SystemError) {
        try start(in: &threads) { senders in
            guard let key = senders.channels.key,
                var sender = try? WebhookSender(key, senders.channels.environment, trace: senders.trace)
            else { return }
            while let task = senders.next(isMail: false) {
                guard case .message(let message) = task.content else { continue }
                let attempt = sender.send(message, deadline: senders.deadline)
                senders.submit(OutboxResult(task: task, attempt: attempt))
            }
        }
    }

    /// Hands a delivery to a thread.
    func send(_ task: OutboxTask) {
        state.change { $0.tasks.append(task) }
    }

    /// Waits for results.
    ///
    /// - Returns: Those that are there; empty after the deadline.
    func collect(until deadline: Deadline) -> [OutboxResult] {
        state.wait(timeoutNanoseconds: { _ in deadline.remainingNanoseconds }) { state -> [OutboxResult]? in
            guard !state.results.isEmpty else { return nil }
            defer { state.results = [] }
            return state.results
        } ?? []
    }

    /// Ends the threads; one that does not end in time is left to itself.
    func close(_ threads: inout Threads) {
        state.change { $0.isClosed = true }
        let end = Deadline.after(.milliseconds(500))
        let haveEnded: Bool? = state.wait(timeoutNanoseconds: { _ in end.remainingNanoseconds }) {
            $0.threads == 0 ? true : nil
        }
        if haveEnded == true { threads.join() } else { threads.abandon() }
    }

    private func start(
        in threads: inout Threads,
        _ work: @escaping @Sendable (OutboxSenders) -> Void
    ) throws(SystemError) {
        state.withLock { $0.threads += 1 }
        do throws(SystemError) {
            try threads.start { [self] in
                work(self)
                state.change { $0.threads -= 1 }
            }
        } catch {
            state.withLock { $0.threads -= 1 }
            throw error
        }
    }

    /// Waits for a task; nil when the senders are closed.
    private func next(isMail: Bool) -> OutboxTask? {
        state.wait(timeoutNanoseconds: { _ in .max }) { state -> OutboxTask?? in
            if state.isClosed { return .some(nil) }
            guard let index = state.tasks.firstIndex(where: { $0.isMail == isMail }) else { return nil }
            return .some(state.tasks.remove(at: index))
        } ?? nil
    }

    private func submit(_ result: OutboxResult) {
        state.change { $0.results.append(result) }
    }
}

extension Mailer {
    // Far below the lease.
    private static var timeToSend: Duration { .seconds(60) }

    /// Sends a mail, once.
    fileprivate mutating func attempt(_ message: MailMessage, number: Int, deadline: Deadline) -> WebhookAttempt {
        do throws(MailError) {
            try send(message, deadline: min(deadline, .after(Self.timeToSend)))
            return WebhookAttempt(outcome: .delivered, duration: .zero)
        } catch {
            let outcome: DeliveryOutcome =
                error.isPermanent
                ? .dead(reason: error.description)
                : DeliveryOutcome(transientError: error.description, attempt: number)
            return WebhookAttempt(outcome: outcome, duration: .zero)
        }
    }
}
