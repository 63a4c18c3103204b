public import Base
public import Core
import Postgres

extension Team {
    /// What is to change, and in which team.
    public struct Changes: InputObject {
        let team: ID<Team>
        let name: TeamName?
        let billingEmail: Change<EmailAddress>
        let settings: TeamSettings?
        let version: Int?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .optional("name", TeamName.self, "What people will call it; unchanged by default."),
            .change("billingEmail", EmailAddress.self, "Where bills go; unchanged by default, null for nowhere."),
            .optional("settings", TeamSettings.self, "What the members keep with it, in place of what is there."),
            .optional("ifVersion", Int.self, "Change nothing unless the team has this version."),
            into: { team, name, billingEmail, settings, version throws(Violations) in
                guard name != nil || billingEmail != .keep || settings != nil else {
                    throw Violations(.required, "must name at least one of name, billingEmail and settings")
                }
                return Changes(
                    team: team,
                    name: name,
                    billingEmail: billingEmail,
                    settings: settings,
                    version: version
                )
            }
        )

        fileprivate var fields: [String] {
            [name.map { _ in "name" }, billingEmail == .keep ? nil : "billingEmail", settings.map { _ in "settings" }]
                .compactMap { $0 }
        }

        fileprivate var newBillingEmail: String? {
            if case .set(let email) = billingEmail { email.text } else { nil }
        }
    }

    private static var updating: Action {
        Action("team.update", needs: .write, refusal: "Insufficient permissions to update team")
    }

    /// Changes a team.
    ///
    /// The permission is asked for by the statement that writes, under the row's lock: whoever loses it while the
    /// statement waits is refused.
    ///
    /// - Throws: A `Denial`, or 409 `version_conflict`.
    public static func update(_ changes: Changes, in context: inout Context) throws -> Team {
        let id = changes.team
        let user = try context.user(attempting: updating, on: id)
        let rows: Rows
        do {
            rows = try context.write(
                """
                WITH member AS MATERIALIZED (
                    SELECT m.role, nofx.permissions(m.role, m.permissions) AS permissions
                    FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                    WHERE t.id = \(id) AND t.deleted_at IS NULL AND m.user_id = \(user)
                    FOR NO KEY UPDATE OF t FOR SHARE OF m
                ), team AS (
                    UPDATE nofx.teams t
                    SET name = coalesce(\(changes.name), t.name),
                        billing_email = CASE WHEN \(changes.billingEmail == .keep) THEN t.billing_email
                                             ELSE \(changes.newBillingEmail) END,
                        settings = coalesce(\(changes.settings), t.settings),
                        version = t.version + 1, updated_at = now()
                    FROM member
                    WHERE t.id = \(id) AND 'write' = ANY (member.permissions)
                      AND (\(changes.version) IS NULL OR t.version = \(changes.version))
                    RETURNING t.*
                )
                SELECT 'write' = ANY (member.permissions) AS allowed, member.role, member.permissions, team.*,
                       CASE WHEN team.id IS NOT NULL THEN nofx.log_activity(
                           team.id, team.name, \(user), 'team.updated', 'team', team.id::text,
                           jsonb_build_object('fields', \(changes.fields)), \(context.record)
                       ) END AS activity
                FROM member LEFT JOIN team ON true
                """
            )
        } catch let error as PostgresError where error.constraint == "teams_settings_check" {
            throw TeamSettings.tooLarge.prefixed(with: "settings")
        }
        guard let row = rows.first else { throw Denial.notMember(updating, team: id) }
        guard try row["allowed"] else {
            throw Denial.missing(updating, team: id, role: try row["role"])
        }
        guard try row["id"] as ID<Team>? != nil else { throw Problem.versionConflict }
        try context.noteActivity(row, "team.updated", team: id, ["fields": changes.fields])
        return try Team(row: row, seenBy: context.caller)
    }
}
