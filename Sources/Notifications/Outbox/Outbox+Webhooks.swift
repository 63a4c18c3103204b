import Base
import Core
import Postgres
import Queue
import Teams

extension Outbox {
    /// The time without which no attempt begins, because the receiver would seem to be slow.
    static let timeForMessage = Duration.seconds(3)

    /// Sends the next message of the webhook that has rested longest.
    ///
    /// A webhook gets one message at a time, and each webhook its turn, however many messages wait for the others.
    ///
    /// - Returns: Whether any message was due.
    static func deliverMessage(
        by channels: inout DeliveryChannels,
        _ delivery: inout OutboxDelivery,
        in context: inout Context
    ) throws -> Bool {
        guard let webhook = try context.operatorQuery(restBegin).first else { return false }
        let id: ID<Webhook> = try webhook["id"]
        guard let job = try delivery.claim(.webhook, of: [id.uuid]) else {
            // Another deliverer has just sent its last message.
            _ = try context.operatorQuery("SELECT nofx.skip_delivery(\(id))")
            return true
        }
        let message = WebhookMessage(
            id: job.id.uuid,
            webhook: id,
            team: try webhook["team_id"],
            url: try webhook["url"],
            body: job.payload.bytes,
            attempt: job.attempt
        )
        delivery.report.claimed += 1
        let attempt =
            job.isExhausted
            ? WebhookAttempt(outcome: .exhausted, duration: .zero)
            : channels.webhooks?.send(message, deadline: context.deadline - OutboxDelivery.timeToReport)
        guard let attempt, try delivery.finish(job, attempt.outcome, of: message) else { return attempt != nil }
        if try context.unauthenticatedQuery(restEnd(of: id, after: attempt), access: .readWrite).first?["is_disabled"]
            ?? false
        {
            context.log.error("webhook.disabled", ["teamId": message.team, "webhookId": id])
        }
        return true
    }

    /// Deletes messages that can no longer be delivered, 10,000 at a time.
    static func dropUndeliverable(in context: inout Context) throws {
        _ = try context.operatorQuery("SELECT nofx.drop_undeliverable_messages(10000)")
    }

    /// Picks the webhook that has rested longest, of those with available messages, and makes it rest during the attempt.
    static let restBegin: Query = "SELECT id, team_id, url FROM nofx.begin_delivery()"

    /// Records an attempt with the webhook, and when its next message may go.
    private static func restEnd(of webhook: ID<Webhook>, after attempt: WebhookAttempt) -> Query {
        let isFailure =
            switch attempt.outcome {
            case .retried, .dead: true
            case .delivered, .dropped: false
            }
        return """
            SELECT coalesce(nofx.end_delivery(\(webhook), \(isFailure), \(attempt.shownReason ?? attempt.outcome.reason), \(attempt.pause),
                                              \(attempt.rest), \(attempt.isGone)), false) AS is_disabled
            """
    }
}
