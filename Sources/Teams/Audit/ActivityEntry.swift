public import Base
import Core
public import Postgres

/// An entry of a team's audit trail: the actor, the action, and where the call came from.
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
        OutputField("id", "The entry's number. Later entries have higher numbers; there are gaps.") { $0.id },
        OutputField("action", "The action, such as team.updated.") { $0.action },
        OutputField("actorId", "The user who did it.") { $0.actor },
        OutputField("credential", "The actor's credential: session, or key: and the id of an API key.") {
            $0.credential
        },
        OutputField("resourceType", "The kind of the resource that changed, such as member.") { $0.resourceType },
        OutputField("resourceId", "The resource that changed.") { $0.resource },
        OutputField("metadata", "Details; the fields depend on the action.") { $0.metadata },
        OutputField("requestId", "The id of the call, as in its response and in the logs.") { $0.requestID },
        OutputField("ip", "The caller's address, as the platform reported it.") { $0.ip },
        OutputField("userAgent", "The user agent that the caller sent.") { $0.userAgent },
        OutputField("createdAt", "When the action was done.") { $0.createdAt },
    ]
}
