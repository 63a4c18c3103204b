public import Base
public import Postgres

/// What somebody tried with a team and was refused, counted by the minute.
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
        OutputField("at", "The minute.") { $0.at },
        OutputField("userId", "Who tried.") { $0.user.isEmpty ? nil : $0.user },
        OutputField("action", "What they tried, such as team.update.") { $0.action },
        OutputField("reason", "Why it was refused.") { $0.reason },
        OutputField("hits", "How often within the minute.") { $0.hits },
        OutputField("firstAt", "The first time.") { $0.firstAt },
        OutputField("lastAt", "The last time.") { $0.lastAt },
        OutputField("credential", "How they were known: session, or key: and an API key's id.") { $0.credential },
        OutputField("ip", "Where the last call came from, as the platform reported it.") { $0.ip },
        OutputField("requestId", "The last call, as its answer and the logs name it.") { $0.requestID },
    ]
}
