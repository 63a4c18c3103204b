public import Base
public import Postgres

/// Refused attempts of a user on a team, counted per minute.
public struct SecurityEvent: OutputObject, RowDecodable {
    let at: Timestamp
    let user: String
    let action: String
    let reason: String
    let hits: Int
    let firstAt: Timestamp
    let lastAt: Timestamp
    let credential: String?
    let ip: String?
    let requestID: String?

    public init(row: borrowing Row) throws(PostgresError) {
        at = try row["bucket"]
        user = try row["user_id"]
        action = try row["action"]
        reason = try row["reason"]
        hits = try row["hits"]
        firstAt = try row["first_at"]
        lastAt = try row["last_at"]
        credential = try row["credential"]
        ip = try row["ip"]
        requestID = try row["request_id"]
    }

    public static let fields: [OutputField<SecurityEvent>] = [
        OutputField("at", "The minute, by its first moment.") { $0.at },
        OutputField("userId", "The user who made the attempts; null if the caller was not authenticated.") {
            $0.user.isEmpty ? nil : $0.user
        },
        OutputField("action", "The attempted action, such as team.update.") { $0.action },
        OutputField("reason", "The reason for the refusal.") { $0.reason },
        OutputField("hits", "The number of attempts in the minute.") { $0.hits },
        OutputField("firstAt", "When the first attempt was made.") { $0.firstAt },
        OutputField("lastAt", "When the last attempt was made.") { $0.lastAt },
        OutputField("credential", "The credential of the first attempt: session, or key: and the id of an API key.") {
            $0.credential
        },
        OutputField("ip", "The address of the last attempt, as the platform reported it.") { $0.ip },
        OutputField("requestId", "The id of the last attempt, as in its response and in the logs.") { $0.requestID },
    ]
}
