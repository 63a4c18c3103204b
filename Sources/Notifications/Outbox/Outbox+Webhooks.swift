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
            _ = try context.operatorQuery("UPDATE nofx.webhooks SET rests_until = now() WHERE id = \(id)")
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
    ///
    /// The rest is longer than an attempt can take. If a deliverer dies, the webhook's other messages wait no longer than
    /// that.
    static let restBegin: Query = """
        WITH due AS MATERIALIZED (
            SELECT w.id
            FROM nofx.due_webhooks() d JOIN nofx.webhooks w ON w.id = d.webhook_id
            JOIN nofx.teams t ON t.id = w.team_id AND t.deleted_at IS NULL
            WHERE w.rests_until <= now() AND w.disabled_at IS NULL
            ORDER BY w.rests_until LIMIT 1 FOR NO KEY UPDATE OF w SKIP LOCKED
        )
        UPDATE nofx.webhooks w SET rests_until = now() + interval '30 seconds'
        FROM due WHERE w.id = due.id RETURNING w.id, w.team_id, w.url
        """

    /// Records an attempt with the webhook, and when its next message may go.
    ///
    /// A webhook that fails rests longer each time, from 10 seconds to 10 minutes. It is disabled after three days of
    /// failures, or when its receiver says that it is gone.
    private static func restEnd(of webhook: ID<Webhook>, after attempt: WebhookAttempt) -> Query {
        let isFailure =
            switch attempt.outcome {
            case .retried, .dead: true
            case .delivered, .dropped: false
            }
        return """
            UPDATE nofx.webhooks w
            SET failures = CASE WHEN \(isFailure) THEN w.failures + 1 ELSE 0 END,
                failing_since = CASE WHEN \(isFailure) THEN coalesce(w.failing_since, now()) END,
                last_error = left(\(attempt.shownReason ?? attempt.outcome.reason), 500),
                rests_until = now() + CASE WHEN \(isFailure)
                    THEN greatest(\(attempt.pause), least(interval '10 minutes',
                                                          interval '10 seconds' * 2 ^ least(w.failures, 10)))
                    ELSE \(attempt.rest) END,
                disabled_at = CASE WHEN \(attempt.isGone)
                    OR \(isFailure) AND w.failing_since <= now() - interval '3 days' THEN now() END
            WHERE w.id = \(webhook)
            RETURNING w.disabled_at IS NOT NULL AS is_disabled
            """
    }
}
