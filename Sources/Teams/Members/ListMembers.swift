public import Base
public import Core
import Postgres

extension Member {
    /// Which part of the list is wanted.
    public struct Request: InputObject {
        let team: ID<Team>
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .optional("limit", PageLimit.self, default: .standard, "How many members to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
            into: Request.init
        )
    }

    private static var listing: Action {
        Action("member.list", needs: .read, refusal: "Insufficient permissions to list members")
    }

    /// The members of a team, the first joined first.
    ///
    /// Addresses are for those who manage members, and for an API key only if it may do that; everybody sees their own.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list or team.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Member> {
        let team = request.team
        let user = try context.user(attempting: listing, on: team)
        let isManaging = context.caller?.scopes?.contains(.admin) ?? true
        let (endpoint, scope) = ("listMembers", team.description)
        let after: KeysetPosition<ID<Member>>? = try request.cursor.map {
            try KeysetPosition($0, of: endpoint, scope: scope)
        }
        let rows = try context.read(
            """
            WITH caller AS MATERIALIZED (
                SELECT m.role, 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed,
                       \(isManaging) AND nofx.can_manage(m.role, m.permissions) AS sees_addresses
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), page AS (
                SELECT m.id, m.user_id, m.role, nofx.permissions(m.role, m.permissions) AS permissions,
                       m.permissions AS override, m.joined_at, m.updated_at,
                       CASE WHEN caller.sees_addresses OR u.id = \(user) THEN u.email END AS email
                FROM caller JOIN nofx.team_members m ON m.team_id = \(team) AND caller.allowed
                JOIN nofx.users u ON u.id = m.user_id
                WHERE \(after == nil) OR (m.joined_at, m.id) > (\(after?.time), \(after?.key))
                ORDER BY m.joined_at, m.id
                LIMIT \(request.limit.count + 1)
            )
            SELECT page.*, page.id IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role
            FROM caller LEFT JOIN page ON true
            ORDER BY page.joined_at, page.id
            """
        )
        return Page(try rows.items(of: listing, in: team), limit: request.limit) {
            KeysetPosition($0.joinedAt, $0.id).cursor(of: endpoint, scope: scope)
        }
    }
}
