public import Base
public import Core
public import Postgres

/// A team in the list of the caller's teams.
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
        OutputField("name", "The display name.") { $0.name },
        OutputField("slug", "The name in URLs.") { $0.slug },
        OutputField("role", "Your role.") { $0.role },
        OutputField("joinedAt", "When you became a member.") { $0.joinedAt },
    ]
}

extension Membership {
    /// The input of listTeams.
    public struct Request: InputObject {
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(.limit(of: "teams"), .cursor, into: Request.init)
    }

    private static var listing: Action {
        Action("team.list", needs: .read, refusal: "Insufficient permissions to list teams")
    }

    /// Lists the teams that the caller may read, most recently joined first.
    ///
    /// - Throws: 422 `invalid_cursor` for a cursor of another list.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<Membership> {
        let user = try context.user(attempting: listing)
        // An API key can be restricted to one team.
        let only = context.caller?.team
        let list = try Listing<KeysetPosition<ID<Team>>>(
            "listTeams",
            binding: user.description,
            limit: request.limit,
            cursor: request.cursor
        )
        let rows = try context.read(
            """
            SELECT t.id, t.name, t.slug, m.role, m.joined_at
            FROM nofx.team_members m JOIN nofx.teams t ON t.id = m.team_id AND t.deleted_at IS NULL
            WHERE m.user_id = \(user) AND 'read' = ANY (nofx.permissions(m.role, m.permissions))
              AND (\(only) IS NULL OR t.id = \(only))
              AND \(fragment: list.isBelow("m.joined_at, m.team_id"))
            ORDER BY m.joined_at DESC, m.team_id DESC
            LIMIT \(list.rowLimit)
            """
        )
        return list.page(try rows.decode()) { KeysetPosition($0.joinedAt, $0.team) }
    }
}
