public import Base
public import Core
import Postgres

extension Team {
    /// The input of createTeam.
    public struct Draft: InputObject {
        public let name: TeamName

        /// The slug; nil to make one from the name.
        public let slug: TeamSlug?

        /// The billing address; nil for the owner's address.
        public let billingEmail: EmailAddress?

        public static let schema = Schema(
            Field("name", TeamName.self, "The team's display name."),
            .optional("slug", TeamSlug.self, "The name in URLs; made from the display name by default."),
            .optional("billingEmail", EmailAddress.self, "Billing address; your own address by default."),
            into: Draft.init
        )
    }

    private static var creating: Action {
        Action("team.create", needs: .write, refusal: "Insufficient permissions to create teams")
    }

    /// Creates a team that the caller owns.
    ///
    /// The user's row is locked first, so that the quota is exact. If several callers create teams with the same slug at
    /// once, one of them gets it. The others try again and get a suffix.
    ///
    /// - Throws: 403 `quota_exceeded`, 409 `slug_taken` for a slug that the caller chose.
    public static func create(_ draft: Draft, in context: inout Context) throws -> Team {
        let (user, quota) = (try context.user(attempting: creating), context.quotas.teams)
        for _ in 0..<5 {
            let team = ID<Team>.make()
            let entry = context.auditEntry(
                "team.created",
                of: "team.id",
                named: "team.name",
                on: "team",
                "team.id",
                metadata: "json_build_object('name', team.name, 'slug', team.slug)"
            )
            let rows = try context.write(
                .lockUser(user),
                """
                WITH owned AS (
                    SELECT count(*) AS teams FROM nofx.teams WHERE owner_id = \(user) AND deleted_at IS NULL
                ), wanted AS (
                    SELECT coalesce(
                        \(draft.slug),
                        CASE WHEN nofx.is_slug_free(made) THEN made ELSE made || \(TeamSlug.randomSuffix()) END
                    ) AS slug
                    FROM nofx.slugify(\(draft.name)) AS made
                ), team AS (
                    INSERT INTO nofx.teams (id, name, slug, owner_id, billing_email)
                    SELECT \(team), \(draft.name), wanted.slug, u.id, coalesce(\(draft.billingEmail?.text), u.email)
                    FROM nofx.users u, owned, wanted
                    WHERE u.id = \(user) AND owned.teams < \(quota)
                      AND (\(draft.slug == nil) OR nofx.is_slug_free(wanted.slug))
                    ON CONFLICT (slug) WHERE deleted_at IS NULL DO NOTHING
                    RETURNING *
                ), member AS (
                    INSERT INTO nofx.team_members (team_id, user_id, role)
                    SELECT id, owner_id, 'owner' FROM team RETURNING role, permissions
                )
                SELECT owned.teams < \(quota) AS is_in_quota, team.*, member.role,
                       nofx.permissions(member.role, member.permissions) AS permissions, \(fragment: entry.columns)
                FROM owned LEFT JOIN team ON true LEFT JOIN member ON true
                """
            )
            guard let row = rows.first, try row["is_in_quota"] else { throw Problem.quotaExceeded(.teams, quota) }
            if try row["id"] as ID<Team>? != nil {
                try context.reportIfLost(entry, row)
                return try Team(row: row, seenBy: context.caller)
            }
            if draft.slug != nil { throw Problem.slugTaken }
        }
        throw Problem.slugTaken
    }
}
