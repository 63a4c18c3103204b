public import Base
import Postgres

/// A webhook on the one occasion that its secret is told.
public struct NewWebhook: OutputObject {
    /// Names the webhook.
    public let id: ID<Webhook>

    /// Where messages go.
    public let url: String

    /// What it is told of.
    public let events: [WebhookEvent]

    /// When it was made.
    public let createdAt: Timestamp

    /// What messages are signed with.
    public let secret: OneTimeSecret

    init(_ secret: WebhookSecret, row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        url = try row["url"]
        events = try row["events"]
        createdAt = try row["created_at"]
        self.secret = OneTimeSecret(secret.text)
    }

    public static let fields: [OutputField<NewWebhook>] = [
        OutputField("id", "The webhook, for listWebhooks and deleteWebhook.") { $0.id },
        OutputField("url", "Where messages go.") { $0.url },
        OutputField("events", "What it is told of.") { $0.events },
        OutputField("createdAt", "When it was made.") { $0.createdAt },
        OutputField("secret", "What messages are signed with, after Standard Webhooks 1.0. It is told this once.") {
            $0.secret
        },
    ]
}
