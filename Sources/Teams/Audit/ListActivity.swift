public import Base
public import Core
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

extension ActivityEntry {
    /// The input of listActivity.
    public struct Request: InputObject {
        let team: ID<Team>
        let action: ActionName?
        let actor: ID<User>?
        let period: Period
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team; it may be deleted."),
            .optional("action", ActionName.self, "Only entries with this action, such as team.updated."),
            .optional("actorId", ID<User>.self, "Only entries of this user."),
            .optional("since", Timestamp.self, "Only entries at this time or later."),
            .optional("until", Timestamp.self, "Only entries before this time."),
            .limit(of: "entries"),
            .cursor,
            into: { team, action, actor, since, until, limit, cursor throws(Violations) in
                Request(
                    team: team,
                    action: action,
                    actor: actor,
                    period: try Period(since: since, until: until),
                    limit: limit,
                    cursor: cursor
                )
            }
        )

        // The action comes last, because it may contain any character.
        fileprivate var binding: String {
            "\(team)/\(actor?.description ?? "")/\(period.binding)/\(action?.rawValue ?? "")"
        }
    }

    private static var listing: Action {
        Action("activity.list", needs: .admin, refusal: "Insufficient permissions to list activity")
    }

    /// Lists the audit trail of a team, newest first.
    ///
    /// Callers who manage the team's members may read it, also after the team was deleted. After the team is purged only
    /// the user who deleted it may. An entry that is committed late can be missing from pages that were read before; no
    /// entry is returned twice.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<ActivityEntry> {
        let (team, period) = (request.team, request.period)
        let user = try context.user(attempting: listing, on: team)
        let list = try Listing<Position>(
            "listActivity",
            binding: request.binding,
            limit: request.limit,
            cursor: request.cursor
        )
        let after = list.after?.id
        let rows = try context.read(
            """
            WITH member AS MATERIALIZED (
                SELECT m.role, nofx.can_manage(m.role, m.permissions) AS allowed
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.user_id = \(user)
            ), actor AS MATERIALIZED (
                SELECT role, allowed FROM member
                UNION ALL
                SELECT NULL, true
                WHERE NOT EXISTS (SELECT FROM member) AND \(team) IN (SELECT nofx.my_purged_team_ids())
            ), page AS (
                SELECT a.* FROM nofx.team_activity a
                WHERE a.team_id = \(team) AND (SELECT allowed FROM actor)
                  AND (\(request.action?.rawValue) IS NULL OR a.action = \(request.action?.rawValue))
                  AND (\(request.actor) IS NULL OR a.actor_id = \(request.actor))
                  AND (\(period.since) IS NULL OR a.created_at >= \(period.since))
                  AND (\(period.until) IS NULL OR a.created_at < \(period.until))
                  AND (\(after) IS NULL OR a.id < \(after))
                ORDER BY a.id DESC
                LIMIT \(list.rowLimit)
            )
            \(fragment: list.select("page.id", by: "page.id DESC", allowed: "actor.allowed"))
            """
        )
        return try list.page(rows, of: listing, in: team) { Position(id: $0.id) }
    }

    private struct Position: ListPosition {
        static let keyCount = 1

        let id: Int

        init(id: Int) {
            self.id = id
        }

        init(cursorKeys keys: [String]) throws(Problem) {
            guard let id = Int(keys[0]) else { throw Cursor.refused }
            self.id = id
        }

        var cursorKeys: [String] { ["\(id)"] }
    }
}
