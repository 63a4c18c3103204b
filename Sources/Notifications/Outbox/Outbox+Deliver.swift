public import Core
import Base
import Postgres
import Queue
import System

extension Outbox {
    /// Delivers mail and messages to webhooks, several at once, until none is due, the limit is reached, or the call's
    /// time is nearly over.
    ///
    /// - Parameters:
    ///   - request: How much to do.
    ///   - channels: What to send through.
    ///   - context: The call.
    /// - Returns: The numbers of jobs by outcome.
    /// - Throws: `PostgresError`; a job without an outcome is retried when its lease expires. `ConfigurationError` when
    ///   messages are due and no key is set to sign them; due mail has been delivered by then.
    public static func deliver(
        _ request: Request,
        by channels: inout DeliveryChannels,
        in context: inout Context
    ) throws -> Report {
        var delivery = OutboxDelivery(in: context)
        if let limit = request.redriven { try delivery.redrive(limit) }
        try delivery.tend()
        if channels.key != nil { try dropUndeliverable(in: &context) }
        let senders = OutboxSenders(
            channels,
            deadline: context.deadline - OutboxDelivery.timeToReport,
            trace: context.log.trace
        )
        var threads = Threads()
        let result = Result { try deliver(request, channels, senders, in: &threads, &delivery, &context) }
        senders.close(&threads)
        let mayHaveMore = try result.get()
        guard mayHaveMore || channels.key == nil else { return delivery.report }
        let (mail, messages) = try due(in: &context)
        if messages, channels.key == nil { throw WebhookKey.missing }
        delivery.report.more = mayHaveMore && (mail && channels.sendsMail || messages)
        return delivery.report
    }

    /// Claims jobs, hands them to the senders and reports the outcomes.
    ///
    /// - Returns: Whether jobs may be due that got no turn.
    private static func deliver(
        _ request: Request,
        _ channels: DeliveryChannels,
        _ senders: OutboxSenders,
        in threads: inout Threads,
        _ delivery: inout OutboxDelivery,
        _ context: inout Context
    ) throws -> Bool {
        var turns = TeamTurns(time: context.deadline.remaining)
        var (mails, messageThreads, mayHaveMore) = (0, 0, false)
        var (mayHaveMail, mayHaveMessages) = (channels.sendsMail, channels.key != nil)
        if channels.sendsMail { try senders.startMailThread(in: &threads) }
        while true {
            while mayHaveMail, mails == 0 {
                guard hasRoom(delivery.report, request, timeForMail, context) else {
                    (mayHaveMail, mayHaveMore) = (false, true)
                    break
                }
                guard let task = try nextMail(channels.link, &delivery, in: &context, &mayHaveMail) else { continue }
                mails += 1
                senders.send(task)
            }
            while mayHaveMessages, turns.running < OutboxSenders.messageThreads {
                guard hasRoom(delivery.report, request, timeForMessage, context) else {
                    (mayHaveMessages, mayHaveMore) = (false, true)
                    break
                }
                guard let task = try nextMessage(&delivery, turns, in: &context, &mayHaveMessages) else { continue }
                turns.begin(task.message.team.uuid)
                if turns.running > messageThreads {
                    try senders.startMessageThread(in: &threads)
                    messageThreads += 1
                }
                senders.send(task.task)
            }
            guard mails + turns.running > 0 else { return mayHaveMore || turns.isAnyOver }
            let results = senders.collect(until: context.deadline)
            // The leases of what has no result by now expire.
            guard !results.isEmpty else { return true }
            for result in results {
                switch result.task.content {
                case .mail:
                    mails -= 1
                    try delivery.finish(result.task.job, result.attempt.outcome)
                case .message(let message):
                    turns.end(message.team.uuid, took: result.attempt.duration)
                    // The webhook may have another message, and its team may have a turn again.
                    mayHaveMessages = mayHaveMessages || channels.key != nil
                    try finish(result.task.job, message, result.attempt, &delivery, in: &context)
                }
            }
        }
    }

    private static func hasRoom(
        _ report: Report,
        _ request: Request,
        _ time: Duration,
        _ context: borrowing Context
    ) -> Bool {
        report.claimed < request.limit.count && !(context.deadline - time).hasPassed
    }

    /// Whether mail is due, and messages to webhooks that do not rest.
    private static func due(in context: inout Context) throws -> (mail: Bool, messages: Bool) {
        let rows = try context.unauthenticatedQuery("SELECT mail, messages FROM nofx.due_deliveries()")
        guard let row = rows.first else { throw Problem.internal }
        return (try row["mail"], try row["messages"])
    }
}
