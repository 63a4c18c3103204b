import Base
import Core
import Postgres
import Queue
import Teams

extension Outbox {
    /// The time without which no attempt begins, because the receiver would seem to be slow.
    static let timeForMessage = Duration.seconds(3)

    /// Claims the next message of the webhook whose turn it is.
    ///
    /// A webhook gets one message at a time, and each team and each webhook its turn, however many messages wait for the
    /// others.
    ///
    /// - Returns: The message to send; nil when none was due, or when the job has its outcome already.
    static func nextMessage(
        _ delivery: inout OutboxDelivery,
        _ turns: TeamTurns,
        in context: inout Context,
        _ isDue: inout Bool
    ) throws -> (task: OutboxTask, message: WebhookMessage)? {
        guard let webhook = try context.operatorQuery(restBegin(after: turns.order, sparing: turns.heldBack)).first
        else {
            isDue = false
            return nil
        }
        let id: ID<Webhook> = try webhook["id"]
        guard let job = try delivery.claim(.webhook, of: [id.uuid]) else {
            // Another deliverer has just sent its last message.
            _ = try context.operatorQuery("SELECT nofx.skip_delivery(\(id))")
            return nil
        }
        let message = WebhookMessage(
            id: job.id.uuid,
            webhook: id,
            team: try webhook["team_id"],
            url: try webhook["url"],
            body: job.payload.bytes,
            attempt: job.attempt,
            trace: job.trace
        )
        delivery.report.claimed += 1
        guard !job.isExhausted else {
            try finish(job, message, WebhookAttempt(outcome: .exhausted, duration: .zero), &delivery, in: &context)
            return nil
        }
        return (OutboxTask(job: job, content: .message(message)), message)
    }

    /// Reports the outcome of an attempt to the queue, and records it with the webhook.
    static func finish(
        _ job: Job,
        _ message: WebhookMessage,
        _ attempt: WebhookAttempt,
        _ delivery: inout OutboxDelivery,
        in context: inout Context
    ) throws {
        guard try delivery.finish(job, attempt.outcome, of: message) else { return }
        let rows = try context.unauthenticatedQuery(restEnd(of: message.webhook, after: attempt), access: .readWrite)
        if try rows.first?["is_disabled"] ?? false {
            context.log.error("webhook.disabled", ["teamId": message.team, "webhookId": message.webhook])
        }
    }

    /// Deletes messages that can no longer be delivered, up to 10,000, and fewer if that takes too long.
    static func dropUndeliverable(in context: inout Context) throws {
        for limit in [10_000, 500, 25] {
            do {
                let query: Query = "SELECT nofx.drop_undeliverable_messages(\(Int32(limit)))"
                _ = try context.operatorQuery(query, within: context.deadline.remaining / 8)
                return
            } catch let error as PostgresError where error.isTimeout {
                context.log.warning("outbox.drop_timed_out", ["limit": limit])
            }
        }
    }

    /// Picks the webhook that has rested longest, of those with available messages, and makes it rest during the attempt.
    ///
    /// A team that had no turn comes first, then the teams in the given order. Other teams are left out.
    static func restBegin(after order: [UUID] = [], sparing teams: [UUID] = []) -> Query {
        "SELECT id, team_id, url FROM nofx.begin_delivery(\(order), \(teams))"
    }

    /// Records an attempt with the webhook, and when its next message may go.
    private static func restEnd(of webhook: ID<Webhook>, after attempt: WebhookAttempt) -> Query {
        let isFailure =
            switch attempt.outcome {
            case .retried, .dead: true
            case .delivered, .dropped: false
            }
        return """
            SELECT coalesce(nofx.end_delivery(
                \(webhook), \(isFailure), \(attempt.shownReason ?? attempt.outcome.reason), \(attempt.pause),
                \(attempt.rest), \(attempt.isGone)
            ), false) AS is_disabled
            """
    }
}
