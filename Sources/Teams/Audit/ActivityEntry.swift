public import Base
import Core
public import Postgres

/// An entry of a team's audit trail: who did what, and from where.
public struct ActivityEntry: OutputObject, RowDecodable {
    let id: Int
    let action: String
    let actor: ID<User>?
    let credential: String?
    let resourceType: String?
    let resource: String?
    let metadata: JSONText
    let requestID: String?
    let ip: String?
    let userAgent: String?
    let createdAt: Timestamp

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        action = try row["action"]
        actor = try row["actor_id"]
        credential = try row["credential"]
        resourceType = try row["resource_type"]
        resource = try row["resource_id"]
        metadata = try row["metadata"]
        requestID = try row["request_id"]
        ip = try row["ip"]
        userAgent = try row["user_agent"]
        createdAt = try row["created_at"]
    }

    public static let fields: [OutputField<ActivityEntry>] = [
        OutputField("id", "Orders the entries, with gaps.") { $0.id },
        OutputField("action", "What was done, such as team.updated.") { $0.action },
        OutputField("actorId", "Who did it.") { $0.actor },
        OutputField("credential", "How they were known: session, or key: and an API key's id.") { $0.credential },
        OutputField("resourceType", "The kind of thing it was done to.") { $0.resourceType },
        OutputField("resourceId", "The thing it was done to.") { $0.resource },
        OutputField("metadata", "What else there is to know; depends on the action.") { $0.metadata },
        OutputField("requestId", "The call, as its answer and the logs name it.") { $0.requestID },
        OutputField("ip", "Where the call came from, as the platform reported it.") { $0.ip },
        OutputField("userAgent", "What the caller's program called itself.") { $0.userAgent },
        OutputField("createdAt", "When it was done.") { $0.createdAt },
    ]
}
