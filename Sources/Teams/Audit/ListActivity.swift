public import Base
public import Core
import Postgres

extension ActivityEntry {
    /// Which part of a team's audit trail is wanted.
    public struct Request: InputObject {
        let team: ID<Team>
        let action: ActionName?
        let actor: ID<User>?
        let period: Period
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team, also one that was deleted."),
            .optional("action", ActionName.self, "Only what is called so, such as team.updated."),
            .optional("actorId", ID<User>.self, "Only what this user did."),
            .optional("since", Timestamp.self, "Only what was done at this time or later."),
            .optional("until", Timestamp.self, "Only what was done before this time."),
            .optional("limit", PageLimit.self, default: .standard, "How many entries to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
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

        // The action comes last, for it may have any character in it.
        fileprivate var scope: String {
            "\(team)/\(actor?.description ?? "")/\(period.scope)/\(action?.rawValue ?? "")"
        }
    }

    private static var listing: Action {
        Action("activity.list", needs: .admin, refusal: "Insufficient permissions to list activity")
    }

    private static var endpoint: String { "listActivity" }

    /// What was done to a team, the newest first.
    ///
    /// Those may look who manage its members, also when it was deleted, and once it is gone whoever deleted it. An
    /// entry that is committed late can be missing from pages that were read meanwhile; none comes twice.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or filter.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<ActivityEntry> {
        let (team, period, scope) = (request.team, request.period, request.scope)
        let user = try context.user(attempting: listing, on: team)
        let after = try request.cursor.map { try place($0, scope: scope) }
        let rows = try context.read(
            """
            WITH member AS MATERIALIZED (
                SELECT m.role, nofx.can_manage(m.role, m.permissions) AS allowed
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.user_id = \(user)
            ), caller AS MATERIALIZED (
                SELECT role, allowed FROM member
                UNION ALL
                SELECT NULL, true
                WHERE NOT EXISTS (SELECT FROM member) AND \(team) IN (SELECT nofx.my_purged_team_ids())
            ), page AS (
                SELECT a.* FROM nofx.team_activity a
                WHERE a.team_id = \(team) AND (SELECT allowed FROM caller)
                  AND (\(request.action?.rawValue) IS NULL OR a.action = \(request.action?.rawValue))
                  AND (\(request.actor) IS NULL OR a.actor_id = \(request.actor))
                  AND (\(period.since) IS NULL OR a.created_at >= \(period.since))
                  AND (\(period.until) IS NULL OR a.created_at < \(period.until))
                  AND (\(after) IS NULL OR a.id < \(after))
                ORDER BY a.id DESC
                LIMIT \(request.limit.count + 1)
            )
            SELECT page.*, page.id IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true ORDER BY page.id DESC
            """
        )
        return Page(try rows.items(of: listing, in: team), limit: request.limit) {
            Cursor(list: endpoint, scope: scope, keys: ["\($0.id)"])
        }
    }

    private static func place(_ cursor: Cursor, scope: String) throws(Problem) -> Int {
        guard let id = Int(try cursor.keys(of: endpoint, scope: scope, count: 1)[0]) else { throw Cursor.refused }
        return id
    }
}
