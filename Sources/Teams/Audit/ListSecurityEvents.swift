public import Base
public import Core
import Postgres

extension SecurityEvent {
    /// Which part of what was refused is wanted.
    public struct Request: InputObject {
        let team: ID<Team>
        let period: Period
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team, also one that was deleted."),
            .optional("since", Timestamp.self, "Only minutes that begin at this time or later."),
            .optional("until", Timestamp.self, "Only minutes that begin before this time."),
            .optional("limit", PageLimit.self, default: .standard, "How many events to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
            into: { team, since, until, limit, cursor throws(Violations) in
                let period = try Period(since: since, until: until)
                return Request(team: team, period: period, limit: limit, cursor: cursor)
            }
        )

        fileprivate var scope: String { "\(team)/\(period.scope)" }
    }

    private static var listing: Action {
        Action("security_event.list", needs: .admin, refusal: "Insufficient permissions to list security events")
    }

    private static var endpoint: String { "listSecurityEvents" }

    /// What was tried with a team and refused, the newest first.
    ///
    /// Those may look who manage its members, also when it was deleted.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or period.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<SecurityEvent> {
        let (team, period, scope) = (request.team, request.period, request.scope)
        let user = try context.user(attempting: listing, on: team)
        let after = try request.cursor.map { try Place($0, scope: scope) }
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, nofx.can_manage(m.role, m.permissions) AS allowed
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.user_id = \(user)
            ), page AS (
                SELECT e.* FROM nofx.security_events e
                WHERE e.team_id = \(team.description) AND (SELECT allowed FROM caller)
                  AND (\(period.since) IS NULL OR e.bucket >= \(period.since))
                  AND (\(period.until) IS NULL OR e.bucket < \(period.until))
                  AND (\(after == nil) OR e.bucket <= \(after?.at)
                       AND (e.bucket < \(after?.at)
                            OR (e.user_id, e.action, e.reason) > (\(after?.user), \(after?.action), \(after?.reason))))
                ORDER BY e.bucket DESC, e.user_id, e.action, e.reason
                LIMIT \(request.limit.count + 1)
            )
            SELECT page.*, page.bucket IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true
            ORDER BY page.bucket DESC, page.user_id, page.action, page.reason
            """
        )
        return Page(try rows.items(of: listing, in: team), limit: request.limit) { event in
            Cursor(
                list: endpoint,
                scope: scope,
                keys: [event.at.cursorKey, event.user, event.action, event.reason]
            )
        }
    }

    /// A place in the list.
    private struct Place {
        let at: Timestamp
        let user: String
        let action: String
        let reason: String

        init(_ cursor: Cursor, scope: String) throws(Problem) {
            let keys = try cursor.keys(of: endpoint, scope: scope, count: 4)
            at = try Timestamp(cursorKey: keys[0])
            (user, action, reason) = (keys[1], keys[2], keys[3])
        }
    }
}
