import Base
import Core
import Postgres
import Teams

/// An event that a webhook is to be told of.
struct WebhookMessage: RowDecodable {
    let webhook: ID<Webhook>
    let team: ID<Team>
    let url: String
    /// What is sent, byte by byte, however often.
    let body: [UInt8]

    init(row: borrowing Row) throws(PostgresError) {
        webhook = try row["webhook_id"]
        team = try row["team_id"]
        url = try row["url"]
        body = Array((try row["body"] as String).utf8)
    }
}

/// How a webhook took a message.
struct WebhookAttempt {
    let outcome: OutboxOutcome
    /// How long it took.
    let duration: Duration
    /// How long the receiver asks to be left alone.
    var pause = Duration.zero
    /// Whether the receiver says that there is nobody any more (RFC 9110, section 15.5.11).
    var isGone = false

    /// How long the webhook rests after a message that arrived: whoever is slow gets a quarter of a deliverer's time.
    var rest: Duration { duration < .seconds(1) ? .zero : duration * 3 }
}
