public import Base
public import Core
import Postgres

extension Member {
    /// The input of listMembers.
    public struct Request: InputObject {
        let team: ID<Team>
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .limit(of: "members"),
            .cursor,
            into: Request.init
        )
    }

    private static var listing: Action {
        Action("member.list", needs: .read, refusal: "Insufficient permissions to list members")
    }

    /// Lists the members of a team, first joined first.
    ///
    /// Callers who manage members see all e-mail addresses; with an API key they need the scope `admin` as well. Other
    /// callers see only their own address.
    ///
    /// - Throws: A `Denial`, or 422 `invalid_cursor` for a cursor of another list or team.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Member> {
        let team = request.team
        let user = try context.user(attempting: listing, on: team)
        let isManaging = context.caller?.scopes?.contains(.admin) ?? true
        let list = try Listing<KeysetPosition<ID<Member>>>(
            "listMembers",
            binding: team.description,
            limit: request.limit,
            cursor: request.cursor
        )
        let rows = try context.read(
            """
            WITH \(fragment: .actor(user, in: team)), page AS (
                SELECT m.id, m.user_id, m.role, nofx.permissions(m.role, m.permissions) AS permissions,
                       m.permissions AS override, m.joined_at, m.updated_at,
                       CASE WHEN \(isManaging) AND actor.can_manage OR u.id = \(user) THEN u.email END AS email
                FROM actor JOIN nofx.team_members m ON m.team_id = \(team) AND 'read' = ANY (actor.permissions)
                JOIN nofx.users u ON u.id = m.user_id
                WHERE \(fragment: list.isAbove("m.joined_at, m.id"))
                ORDER BY m.joined_at, m.id
                LIMIT \(list.rowLimit)
            )
            \(fragment: list.select("page.id", by: "page.joined_at, page.id", allowed: "'read' = ANY (actor.permissions)"))
            """
        )
        return try list.page(rows, of: listing, in: team) { KeysetPosition($0.joinedAt, $0.id) }
    }
}
