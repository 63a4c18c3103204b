public import Base
public import Core
import Postgres

extension Team {
    private static var reading: Action {
        Action("team.get", needs: .read, refusal: "Insufficient permissions to read team")
    }

    /// The team as the caller may see it, and an API key's bearer no more than its scopes allow.
    ///
    /// - Throws: A `Denial` when the caller is no member or may not read.
    public static func get(_ id: ID<Team>, in context: inout Context) throws -> Team {
        let user = try context.user(attempting: reading, on: id)
        let scopes = context.caller?.scopes
        let rows = try context.read(
            """
            SELECT 'read' = ANY (p.permissions) AS allowed, m.role, p.permissions,
                   t.id, t.name, t.slug, t.owner_id, t.version, t.created_at, t.updated_at,
                   CASE WHEN 'write' = ANY (p.permissions) THEN t.billing_email END AS billing_email,
                   CASE WHEN 'write' = ANY (p.permissions) THEN t.settings END AS settings
            FROM nofx.teams t
            JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
            CROSS JOIN LATERAL (
                SELECT ARRAY(
                    SELECT own FROM unnest(nofx.permissions(m.role, m.permissions)) AS own
                    WHERE \(scopes) IS NULL OR own = ANY (\(scopes))
                ) AS permissions
            ) p
            WHERE t.id = \(id) AND t.deleted_at IS NULL
            """
        )
        guard let row = rows.first else { throw Denial.notMember(reading, team: id) }
        guard try row["allowed"] else {
            throw Denial.missing(reading, team: id, role: try row["role"])
        }
        return try Team(row: row)
    }
}
