import Base
import Core
import Postgres

extension Context {
    /// The only tools that a team's plans may use, where the caller is permitted what an action takes; nil for all.
    ///
    /// - Throws: A `Denial`.
    mutating func policy(of team: ID<Run.Team>, attempting action: Action) throws -> [String]? {
        let user = try user(attempting: action, on: team)
        let rows = try read(
            """
            SELECT \(action.scope) = ANY (nofx.permissions(m.role, m.permissions)) AS allowed, m.role, p.tools
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
            LEFT JOIN nofx.tool_policies p ON p.team_id = t.id
            WHERE t.id = \(team) AND t.deleted_at IS NULL
            """
        )
        guard let row = rows.first else { throw Denial.notMember(action, team: team) }
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: try row["role"]) }
        return try row["tools"]
    }
}
