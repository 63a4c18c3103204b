public import Base
public import Core
import Postgres

extension Team {
    private static var reading: Action {
        Action("team.get", needs: .read, refusal: "Insufficient permissions to read team")
    }

    /// Reads a team as the caller may see it.
    ///
    /// - Throws: A `Denial` when the caller is not a member or may not read.
    public static func get(_ id: ID<Team>, in context: inout Context) throws -> Team {
        let user = try context.user(attempting: reading, on: id)
        let rows = try context.read(
            """
            SELECT 'read' = ANY (p.permissions) AS allowed, m.role, p.permissions,
                   t.id, t.name, t.slug, t.owner_id, t.version, t.created_at, t.updated_at,
                   t.billing_email, t.settings
            FROM nofx.teams t
            JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
            CROSS JOIN LATERAL (SELECT nofx.permissions(m.role, m.permissions) AS permissions) p
            WHERE t.id = \(id) AND t.deleted_at IS NULL
            """
        )
        guard let row = rows.first else { throw Denial.notMember(reading, team: id) }
        guard try row["allowed"] else {
            throw Denial.missing(reading, team: id, role: try row["role"])
        }
        return try Team(row: row, seenBy: context.caller)
    }
}
