import Base
import Core
import Postgres

extension OutboxRow {
    /// Claims the next message of the webhook that has rested longest, and has the webhook rest while it is under way.
    ///
    /// So a webhook has one message at a time, and each its turn, however much waits for the others. The rest is longer
    /// than an attempt can take; if a deliverer dies, the webhook's other messages wait no longer than that.
    static let messageClaim: Query = """
        WITH due AS MATERIALIZED (
            SELECT d.message_id, w.id, w.team_id, w.url
            FROM nofx.due_webhooks() d JOIN nofx.webhooks w ON w.id = d.webhook_id
            JOIN nofx.teams t ON t.id = w.team_id AND t.deleted_at IS NULL
            WHERE w.rests_until <= now() AND w.disabled_at IS NULL
            ORDER BY w.rests_until LIMIT 1 FOR NO KEY UPDATE OF w SKIP LOCKED
        ), claimed AS (
            UPDATE nofx.outbox o SET attempts = o.attempts + 1, due_at = now() + interval '5 minutes'
            FROM due WHERE o.id = due.message_id AND o.status = 'pending' AND o.due_at <= now()
            RETURNING o.id, o.attempts, o.payload::text AS body, due.id AS webhook_id, due.team_id, due.url
        ), resting AS (
            UPDATE nofx.webhooks w SET rests_until = now() + interval '30 seconds'
            FROM claimed WHERE w.id = claimed.webhook_id
        )
        SELECT * FROM claimed
        """

    /// Drops what waits for webhooks that were disabled meanwhile or whose team is gone.
    ///
    /// So many at a time, because a webhook that was given up after days may have left any number.
    static let sweep: Query = """
        UPDATE nofx.outbox o SET status = 'dropped', settled_at = now(), payload = NULL WHERE o.id = ANY (ARRAY(
            SELECT m.id FROM nofx.due_webhooks() d JOIN nofx.outbox m ON m.subject_id = d.webhook_id
            WHERE m.topic = 'webhook' AND m.status = 'pending' AND NOT EXISTS (
                SELECT FROM nofx.webhooks w JOIN nofx.teams t ON t.id = w.team_id AND t.deleted_at IS NULL
                WHERE w.id = d.webhook_id AND w.disabled_at IS NULL
            )
            LIMIT 10000 FOR UPDATE OF m SKIP LOCKED
        ))
        """

    /// Reads a message that was claimed.
    init(message row: borrowing Row) throws(PostgresError) {
        self.init(
            id: try row["id"],
            content: .webhook(try WebhookMessage(row: row)),
            attempt: try row["attempts"]
        )
    }

    /// Writes down how the attempt ended, and when the webhook's next message may go; nothing at all if somebody else has
    /// claimed the row.
    ///
    /// A webhook that fails rests longer each time, from 10 seconds to 10 minutes. After three days of it, or when its
    /// receiver says so, it is disabled. It is locked first, as by whoever deletes it.
    func settlement(of message: WebhookMessage, as attempt: WebhookAttempt) -> Query {
        let outcome = attempt.outcome
        let (delay, isFailure): (Duration?, Bool) =
            switch outcome {
            case .retried(let delay, _): (delay, true)
            case .dead: (nil, true)
            case .delivered, .dropped: (nil, false)
            }
        return """
            WITH held AS MATERIALIZED (
                SELECT FROM nofx.webhooks w WHERE w.id = \(message.webhook) FOR NO KEY UPDATE
            ), settled AS (
                UPDATE nofx.outbox o
                SET status = CASE WHEN \(delay != nil) THEN 'pending' ELSE \(outcome.name) END,
                    due_at = coalesce(now() + \(delay), o.due_at),
                    settled_at = CASE WHEN \(delay == nil) THEN now() END,
                    payload = CASE WHEN \(isFailure) THEN o.payload END, last_error = left(\(outcome.reason), 500)
                FROM (SELECT count(*) FROM held) AS locked
                WHERE o.id = \(id) AND o.attempts = \(self.attempt) AND o.status = 'pending'
                RETURNING o.id
            ), webhook AS (
                UPDATE nofx.webhooks w
                SET failures = CASE WHEN \(isFailure) THEN w.failures + 1 ELSE 0 END,
                    failing_since = CASE WHEN \(isFailure) THEN coalesce(w.failing_since, now()) END,
                    last_error = left(\(outcome.reason), 500),
                    rests_until = now() + CASE WHEN \(isFailure)
                        THEN greatest(\(attempt.pause), least(interval '10 minutes',
                                                              interval '10 seconds' * 2 ^ least(w.failures, 10)))
                        ELSE \(attempt.rest) END,
                    disabled_at = CASE WHEN \(attempt.isGone)
                        OR \(isFailure) AND w.failing_since <= now() - interval '3 days' THEN now() END
                FROM settled WHERE w.id = \(message.webhook)
                RETURNING w.disabled_at IS NOT NULL AS is_disabled
            )
            SELECT settled.id, coalesce(webhook.is_disabled, false) AS is_disabled FROM settled LEFT JOIN webhook ON true
            """
    }
}
