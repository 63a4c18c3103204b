public import Base
public import Core
public import Postgres

/// A team in the list of a user's teams.
public struct Membership: OutputObject, RowDecodable {
    let team: ID<Team>
    let name: TeamName
    let slug: TeamSlug
    let role: Role
    let joinedAt: Timestamp

    public init(row: borrowing Row) throws(PostgresError) {
        team = try row["id"]
        name = try row["name"]
        slug = try row["slug"]
        role = try row["role"]
        joinedAt = try row["joined_at"]
    }

    public static let fields: [OutputField<Membership>] = [
        OutputField("id", "The team.") { $0.team },
        OutputField("name", "What people call it.") { $0.name },
        OutputField("slug", "Its name in addresses.") { $0.slug },
        OutputField("role", "Your role.") { $0.role },
        OutputField("joinedAt", "Since when you are a member.") { $0.joinedAt },
    ]
}

extension Membership {
    /// Which part of the list is wanted.
    public struct Request: InputObject {
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            .optional("limit", PageLimit.self, default: .standard, "How many teams to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
            into: Request.init
        )
    }

    private static var listing: Action {
        Action("team.list", needs: .read, refusal: "Insufficient permissions to list teams")
    }

    /// The teams that the caller may read, the last joined first.
    ///
    /// - Throws: 422 `invalid_cursor` for a cursor of another list.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Membership> {
        let user = try context.user(attempting: listing)
        // An API key may be for one team alone.
        let only = context.caller?.team
        let (endpoint, scope) = ("listTeams", user.description)
        let after: KeysetPosition<ID<Team>>? = try request.cursor.map {
            try KeysetPosition($0, of: endpoint, scope: scope)
        }
        let rows = try context.read(
            """
            SELECT t.id, t.name, t.slug, m.role, m.joined_at
            FROM nofx.team_members m JOIN nofx.teams t ON t.id = m.team_id AND t.deleted_at IS NULL
            WHERE m.user_id = \(user) AND 'read' = ANY (nofx.permissions(m.role, m.permissions))
              AND (\(only) IS NULL OR t.id = \(only))
              AND (\(after == nil) OR (m.joined_at, m.team_id) < (\(after?.time), \(after?.key)))
            ORDER BY m.joined_at DESC, m.team_id DESC
            LIMIT \(request.limit.count + 1)
            """
        )
        return Page(try rows.decode(), limit: request.limit) {
            KeysetPosition($0.joinedAt, $0.team).cursor(of: endpoint, scope: scope)
        }
    }
}
