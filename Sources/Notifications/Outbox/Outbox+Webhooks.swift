import Base
import Core
import Postgres

extension Outbox {
    /// Not to blame a receiver for a call that was about to end.
    static let timeForMessage = Duration.seconds(3)

    /// Sends the next message of the webhook whose turn it is.
    ///
    /// - Returns: Whether there was one.
    static func deliverMessage(
        by couriers: inout Couriers,
        report: inout Report,
        in context: inout Context
    ) throws -> Bool {
        guard let found = try context.operatorQuery(OutboxRow.messageClaim).first else { return false }
        let row = try OutboxRow(message: found)
        guard case .webhook(let message) = row.content else { return false }
        report.claimed += 1
        let attempt =
            if row.isGivenUp {
                WebhookAttempt(outcome: OutboxRow.givenUp, duration: .zero)
            } else {
                couriers.webhooks?.send(message, of: row, deadline: context.deadline - timeToSettle)
            }
        guard let attempt else { return false }
        let settled = try context.unauthenticatedQuery(row.settlement(of: message, as: attempt), access: .readWrite)
            .first
        if settled != nil { report.count(attempt.outcome) }
        context.log.note(row, attempt.outcome, wasLate: settled == nil)
        if let settled, try settled["is_disabled"] {
            context.log.error("webhook.disabled", ["teamId": message.team, "webhookId": message.webhook])
        }
        return true
    }
}
