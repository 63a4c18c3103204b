public import Base
public import Core
import Postgres

extension Invite {
    /// Which part of the list is wanted.
    public struct Request: InputObject {
        let team: ID<Team>
        let status: InviteStatus?
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .optional("status", InviteStatus.self, "Only invites with this status; all by default."),
            .optional("limit", PageLimit.self, default: .standard, "How many invites to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
            into: Request.init
        )
    }

    private static var listing: Action {
        Action("invite.list", needs: .admin, refusal: "Insufficient permissions to list invites")
    }

    /// The invites of a team, the newest first, for those who manage its members.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or status.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Invite> {
        let (team, status) = (request.team, request.status)
        let user = try context.user(attempting: listing, on: team)
        let (endpoint, scope) = ("listInvites", "\(team)/\(status?.rawValue ?? "")")
        let after: KeysetPosition<ID<Invite>>? = try request.cursor.map {
            try KeysetPosition($0, of: endpoint, scope: scope)
        }
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, nofx.can_manage(m.role, m.permissions) AS allowed
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), page AS (
                SELECT i.id, i.email, i.role, s.status, i.invited_by, i.created_at, i.expires_at, i.decided_at
                FROM caller JOIN nofx.team_invites i ON i.team_id = \(team) AND caller.allowed
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN i.status = 'pending' AND i.expires_at <= now() THEN 'expired'
                                ELSE i.status END AS status
                ) s
                WHERE (\(status) IS NULL OR s.status = \(status))
                  AND (\(after == nil) OR (i.created_at, i.id) < (\(after?.time), \(after?.key)))
                ORDER BY i.created_at DESC, i.id DESC
                LIMIT \(request.limit.count + 1)
            )
            SELECT page.*, page.id IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true
            ORDER BY page.created_at DESC, page.id DESC
            """
        )
        return Page(try rows.items(of: listing, in: team), limit: request.limit) {
            KeysetPosition($0.createdAt, $0.id).cursor(of: endpoint, scope: scope)
        }
    }
}
