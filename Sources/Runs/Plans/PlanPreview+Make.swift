import Base
public import Core
import Postgres

extension PlanPreview {
    private static var previewing: Action {
        Action("run.preview", needs: .read, refusal: "Insufficient permissions to preview runs")
    }

    /// Shows a plan as it would be started, and starts nothing.
    ///
    /// - Throws: A `Denial` when the caller is no member or may not read; 403 `policy_denied` as when it is started.
    public static func make(_ request: PlanRequest, in context: inout Context) throws -> PlanPreview {
        let team = request.team
        let user = try context.user(attempting: previewing, on: team)
        let rows = try context.read(
            """
            SELECT 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed, m.role
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
            WHERE t.id = \(team) AND t.deleted_at IS NULL
            """
        )
        guard let row = rows.first else { throw Denial.notMember(previewing, team: team) }
        guard try row["allowed"] else { throw Denial.missing(previewing, team: team, role: try row["role"]) }
        let denied = request.plan.deniedTools
        guard denied.isEmpty else { throw Problem.policyDenied(denied.map(\.description)) }
        return PlanPreview(request.plan)
    }
}
