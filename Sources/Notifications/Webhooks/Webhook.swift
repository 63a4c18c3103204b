public import Base
public import Core
public import Postgres

/// Where a team wants to be told what becomes of its runs, as its members see it; never with its secret.
public struct Webhook: OutputObject, RowDecodable {
    /// Names the webhook.
    public let id: ID<Webhook>

    /// Where messages go; for those who do not manage the team only scheme, host and port.
    public let url: String

    /// What it is told of.
    public let events: [WebhookEvent]

    /// Who made it.
    public let creator: ID<User>

    /// When it was made.
    public let createdAt: Timestamp

    /// Since when nothing could be delivered; nil when the last message was, or none was sent yet.
    public let failingSince: Timestamp?

    /// Why the last message could not be delivered.
    public let lastError: String?

    /// When it was given up for good; nil while it is not.
    public let disabledAt: Timestamp?

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        url = try row["url"]
        events = try row.known("events") ?? []
        creator = try row["created_by"]
        createdAt = try row["created_at"]
        failingSince = try row["failing_since"]
        lastError = try row["last_error"]
        disabledAt = try row["disabled_at"]
    }

    public static let fields: [OutputField<Webhook>] = [
        OutputField("id", "The webhook.") { $0.id },
        OutputField("url", "Where messages go; only scheme, host and port if you do not manage the team.") { $0.url },
        OutputField("events", "What it is told of.") { $0.events },
        OutputField("createdBy", "Who made it.") { $0.creator },
        OutputField("createdAt", "When it was made.") { $0.createdAt },
        OutputField("failingSince", "Since when nothing was delivered; null if the last message was.") {
            $0.failingSince
        },
        OutputField("lastError", "Why the last message was not delivered; null if it was.") { $0.lastError },
        OutputField("disabledAt", "When it was given up: make another one. Null while it is not.") { $0.disabledAt },
    ]
}
