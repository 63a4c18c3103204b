public import Base
public import Core
import Postgres

extension Invite {
    /// The input of listInvites.
    public struct Request: InputObject {
        let team: ID<Team>
        let status: InviteStatus?
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .optional("status", InviteStatus.self, "Only invites with this status; all by default."),
            .limit(of: "invites"),
            .cursor,
            into: Request.init
        )
    }

    private static var listing: Action {
        Action("invite.list", needs: .admin, refusal: "Insufficient permissions to list invites")
    }

    /// Lists the invites of a team, newest first, for callers who manage its members.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list, team or status.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Invite> {
        let (team, status) = (request.team, request.status)
        let user = try context.user(attempting: listing, on: team)
        let list = try Listing<KeysetPosition<ID<Invite>>>(
            "listInvites",
            binding: "\(team)/\(status?.rawValue ?? "")",
            limit: request.limit,
            cursor: request.cursor
        )
        let rows = try context.read(
            """
            WITH \(fragment: .actor(user, in: team)), page AS (
                SELECT i.id, i.email, i.role, s.status, i.invited_by, i.created_at, i.expires_at, i.decided_at
                FROM actor JOIN nofx.team_invites i ON i.team_id = \(team) AND actor.can_manage
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN i.status = 'pending' AND i.expires_at <= now() THEN 'expired'
                                ELSE i.status END AS status
                ) s
                WHERE (\(status) IS NULL OR s.status = \(status)) AND \(fragment: list.isBelow("i.created_at, i.id"))
                ORDER BY i.created_at DESC, i.id DESC
                LIMIT \(list.rowLimit)
            )
            \(fragment: list.select("page.id", by: "page.created_at DESC, page.id DESC", allowed: "actor.can_manage"))
            """
        )
        return try list.page(rows, of: listing, in: team) { KeysetPosition($0.createdAt, $0.id) }
    }
}
