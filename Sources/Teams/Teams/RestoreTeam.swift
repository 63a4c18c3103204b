public import Base
public import Core
import Postgres

extension Team {
    private static var restoring: Action {
        Action("team.restore", needs: .delete, refusal: "Only team owners can restore teams")
    }

    /// Restores a deleted team within its 30 days.
    ///
    /// If another team has taken its slug, the slug gets a suffix. The team counts towards its owner's quota again.
    ///
    /// - Throws: A `Denial` for callers other than the owner and when there is no such deleted team; 403
    ///   `quota_exceeded`.
    public static func restore(_ id: ID<Team>, in context: inout Context) throws -> Team {
        let user = try context.user(attempting: restoring, on: id)
        for _ in 0..<5 {
            do {
                return try restoreOnce(id, for: user, in: &context)
            } catch let error as PostgresError where error.constraint == "teams_slug_live" {
                continue  // Another team took the slug at the same moment; the next attempt sees it.
            }
        }
        throw Problem.slugTaken
    }

    private static func restoreOnce(_ id: ID<Team>, for user: ID<User>, in context: inout Context) throws -> Team {
        let quota = context.quotas.teams
        let entry = context.auditEntry(
            "team.restored",
            of: "team.id",
            named: "team.name",
            on: "team",
            "team.id",
            metadata: "json_build_object('slug', team.slug)"
        )
        let rows = try context.write(
            .lockUser(user),
            """
            WITH deleted AS MATERIALIZED (
                SELECT t.id, t.slug, (
                    SELECT count(*) FROM nofx.teams WHERE owner_id = \(user) AND deleted_at IS NULL
                ) < \(quota) AS is_in_quota
                FROM nofx.teams t
                WHERE t.id = \(id) AND t.owner_id = \(user) AND t.deleted_at IS NOT NULL AND t.purge_after > now()
                FOR NO KEY UPDATE OF t
            ), team AS (
                UPDATE nofx.teams t
                SET deleted_at = NULL, deleted_by = NULL, purge_after = NULL,
                    slug = CASE WHEN nofx.is_slug_free(t.slug) THEN t.slug
                                ELSE rtrim(left(t.slug, 56), '-') || \(TeamSlug.randomSuffix()) END,
                    version = t.version + 1, updated_at = greatest(t.updated_at, clock_timestamp())
                FROM deleted WHERE t.id = deleted.id AND deleted.is_in_quota
                RETURNING t.*
            )
            SELECT deleted.is_in_quota, team.*, m.role, nofx.permissions(m.role, m.permissions) AS permissions,
                   \(fragment: entry.columns)
            FROM deleted LEFT JOIN team ON true
            LEFT JOIN nofx.team_members m ON m.team_id = team.id AND m.user_id = \(user)
            """
        )
        guard let row = rows.first else { throw Denial.notMember(restoring, team: id) }
        guard try row["is_in_quota"] else { throw Problem.quotaExceeded(.teams, quota) }
        try context.reportIfLost(entry, row)
        return try Team(row: row, seenBy: context.caller)
    }
}
