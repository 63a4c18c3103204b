public import Core
import Base
import Postgres
import Queue

extension Outbox {
    /// Delivers mail and messages to webhooks in turn, until none is due, the limit is reached, or the call's time is
    /// nearly over.
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
        var mayHave = (mail: channels.mailer != nil, messages: channels.webhooks != nil, more: false)
        if mayHave.messages { try dropUndeliverable(in: &context) }
        while mayHave.mail || mayHave.messages {
            if mayHave.mail {
                if hasRoom(delivery.report, request, timeForMail, context) {
                    mayHave.mail = try deliverMail(by: &channels, &delivery, in: &context)
                } else {
                    (mayHave.mail, mayHave.more) = (false, true)
                }
            }
            if mayHave.messages {
                if hasRoom(delivery.report, request, timeForMessage, context) {
                    mayHave.messages = try deliverMessage(by: &channels, &delivery, in: &context)
                } else {
                    (mayHave.messages, mayHave.more) = (false, true)
                }
            }
        }
        guard mayHave.more || channels.webhooks == nil else { return delivery.report }
        let (mail, messages) = try due(in: &context)
        if messages, channels.webhooks == nil { throw WebhookKey.missing }
        delivery.report.more = mayHave.more && (mail && channels.mailer != nil || messages)
        return delivery.report
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
