import Base
import Core

/// A row that was claimed.
struct OutboxRow {
    /// What is to be told.
    enum Content {
        /// An invite, to whoever is invited.
        case invite(UUID)
        /// An event, to a webhook.
        case webhook(WebhookMessage)
    }

    let id: UUID
    let content: Content
    /// How often it was claimed, this time included; only the last claim may settle it.
    let attempt: Int32

    /// What a log may show: neither whom it is for nor what it says.
    func fields(of outcome: OutboxOutcome) -> KeyValuePairs<String, any JSONEncodable> {
        switch content {
        case .invite:
            [
                "outboxId": id, "topic": "invite", "attempt": Int(attempt), "outcome": outcome.name,
                "reason": outcome.reason,
            ]
        case .webhook(let message):
            [
                "outboxId": id, "topic": "webhook", "teamId": message.team, "webhookId": message.webhook,
                "attempt": Int(attempt), "outcome": outcome.name, "reason": outcome.reason,
            ]
        }
    }
}
