import Base
import Core
import Postgres
import PostgresQueue
import Queue

/// One call of deliverOutbox: its client of the queue, and the numbers so far.
struct OutboxDelivery: ~Copyable {
    /// The lease of a job, far longer than an attempt takes.
    static var lease: Duration { .seconds(300) }
    /// The time that it takes to report the outcomes of all that is sent at once.
    static var timeToReport: Duration { .seconds(1) }

    private var queue: PostgresQueue
    private let deadline: Deadline
    private let log: Log
    var report = Outbox.Report()

    /// Begins a delivery; the queue's connection is opened when it is first used.
    init(in context: borrowing Context) {
        queue = PostgresQueue(context.separateDatabase(), schedule: .outbox, log: context.log)
        deadline = context.deadline
        log = context.log
    }

    /// The queue, which answers before the call ends.
    private mutating func withQueue<Output>(_ body: (inout PostgresQueue) throws -> Output) throws -> Output {
        queue.answerLimit = deadline.remaining
        return try body(&queue)
    }

    /// Makes jobs available that are due.
    mutating func tend() throws {
        try withQueue { try $0.tend() }
    }

    /// Claims one job.
    ///
    /// A job that waits for its turn in a batch would lose a part of its lease.
    mutating func claim(_ topic: QueueTopic, of tenants: [UUID]? = nil) throws -> Job? {
        try withQueue { try $0.claim(JobClaim(topic, lease: Self.lease, tenants: tenants)).first }
    }

    /// Puts dead letters back into the queue: mail first, then messages, of each the oldest first.
    mutating func redrive(_ limit: Outbox.RedriveLimit) throws {
        for topic in [QueueTopic.mail, .webhook] {
            while report.redriven < limit.count {
                let most = min(limit.count - report.redriven, PostgresQueue.redriveLimit)
                let count = try withQueue { try $0.redrive(topic, limit: most) }
                report.redriven += count
                if count < most { break }
            }
        }
    }

    /// Reports the outcome of a job to the queue, and counts and logs it.
    ///
    /// - Returns: Whether it counted: false when the attempt took so long that another deliverer has claimed the job.
    @discardableResult
    mutating func finish(_ job: Job, _ outcome: DeliveryOutcome, of message: WebhookMessage? = nil) throws -> Bool {
        let counts = try withQueue { try $0.finish(job.lease, outcome.ofJob) }
        if counts { count(outcome) }
        note(job, outcome, of: message, isLate: !counts)
        return counts
    }

    private mutating func count(_ outcome: DeliveryOutcome) {
        switch outcome {
        case .delivered: report.delivered += 1
        case .dropped: report.dropped += 1
        case .retried: report.retried += 1
        case .dead: report.dead += 1
        }
    }

    /// Logs an outcome, without the recipient and the content.
    private func note(_ job: Job, _ outcome: DeliveryOutcome, of message: WebhookMessage?, isLate: Bool) {
        let fields: KeyValuePairs<String, any JSONEncodable> =
            if let message {
                [
                    "jobId": job.id, "topic": job.topic.description, "teamId": message.team,
                    "webhookId": message.webhook, "attempt": job.attempt, "outcome": outcome.name,
                    "reason": outcome.reason,
                ]
            } else {
                [
                    "jobId": job.id, "topic": job.topic.description, "attempt": job.attempt, "outcome": outcome.name,
                    "reason": outcome.reason,
                ]
            }
        if isLate { return log.warning("outbox.late", fields) }
        switch outcome {
        case .delivered, .dropped: log.info("outbox.settled", fields)
        case .retried: log.warning("outbox.retried", fields)
        case .dead: log.error("outbox.dead", fields)
        }
    }
}
