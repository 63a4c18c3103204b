public import Base
public import Core
import Postgres

extension Team {
    /// The input of updateTeam: the team and the changes.
    public struct Changes: InputObject {
        let team: ID<Team>
        let name: TeamName?
        let billingEmail: Change<EmailAddress>
        let settings: TeamSettings?
        let version: Int?

        public static let choice: FieldChoice? = .atLeastOne(["name", "settings"], orNull: "billingEmail")

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            .optional("name", TeamName.self, "The new display name; unchanged by default."),
            .change("billingEmail", EmailAddress.self, "Billing address; unchanged by default, null for none."),
            .optional(
                "settings",
                TeamSettings.self,
                "Data to store in place of the present settings; unchanged by default."
            ),
            .optional("ifVersion", Int.self, "Refuse the change unless the team has this version."),
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
    /// The statement that writes also checks the permission, under the row's lock: a caller who loses the permission while
    /// the statement waits is refused.
    ///
    /// - Throws: A `Denial`, or 409 `version_conflict`.
    public static func update(_ changes: Changes, in context: inout Context) throws -> Team {
        let id = changes.team
        let user = try context.user(attempting: updating, on: id)
        let entry = context.auditEntry(
            "team.updated",
            of: "team.id",
            named: "team.name",
            on: "team",
            "team.id",
            metadata: "json_build_object('fields', \(changes.fields))"
        )
        let rows: Rows
        do {
            rows = try context.write(
                """
                WITH \(fragment: .actor(user, in: id, locking: .team)), team AS (
                    UPDATE nofx.teams t
                    SET name = coalesce(\(changes.name), t.name),
                        billing_email = CASE WHEN \(changes.billingEmail == .keep) THEN t.billing_email
                                             ELSE \(changes.newBillingEmail) END,
                        settings = coalesce(\(changes.settings), t.settings),
                        version = t.version + 1, updated_at = greatest(t.updated_at, clock_timestamp())
                    FROM actor
                    WHERE t.id = \(id) AND 'write' = ANY (actor.permissions)
                      AND (\(changes.version) IS NULL OR t.version = \(changes.version))
                    RETURNING t.*
                )
                SELECT 'write' = ANY (actor.permissions) AS allowed, actor.role, actor.permissions, team.*,
                       \(fragment: entry.columns)
                FROM actor LEFT JOIN team ON true
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
        try context.reportIfLost(entry, row)
        return try Team(row: row, seenBy: context.caller)
    }
}
