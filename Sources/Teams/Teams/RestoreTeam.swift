public import Base
public import Core
import Postgres

extension Team {
    private static var restoring: Action {
        Action("team.restore", needs: .delete, refusal: "Only team owners can restore teams")
    }

    /// Brings a deleted team back within its 30 days.
    ///
    /// Its slug gets a suffix when another team took it meanwhile, and the team counts towards its owner's quota
    /// again.
    ///
    /// - Throws: A `Denial` for all but the owner and for what is not there to restore; 403 `quota_exceeded`.
    public static func restore(_ id: ID<Team>, in context: inout Context) throws -> Team {
        let user = try context.user(attempting: restoring, on: id)
        for _ in 0..<5 {
            do {
                return try restoreOnce(id, for: user, in: &context)
            } catch let error as PostgresError where error.constraint == "teams_slug_live" {
                continue  // Somebody took the slug at this very moment; the next attempt sees it.
            }
        }
        throw Problem.slugTaken
    }

    private static func restoreOnce(_ id: ID<Team>, for user: ID<User>, in context: inout Context) throws -> Team {
        let quota = context.settings.teams
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
                                ELSE rtrim(left(t.slug, 56), '-') || \(SlugSuffix.random()) END,
                    version = t.version + 1, updated_at = now()
                FROM deleted WHERE t.id = deleted.id AND deleted.is_in_quota
                RETURNING t.*
            )
            SELECT deleted.is_in_quota, team.*, m.role, nofx.permissions(m.role, m.permissions) AS permissions,
                   CASE WHEN team.id IS NOT NULL THEN nofx.log_activity(
                       team.id, team.name, \(user), 'team.restored', 'team', team.id::text,
                       jsonb_build_object('slug', team.slug), \(context.record)
                   ) END AS activity
            FROM deleted LEFT JOIN team ON true
            LEFT JOIN nofx.team_members m ON m.team_id = team.id AND m.user_id = \(user)
            """
        )
        guard let row = rows.first else { throw Denial.notMember(restoring, team: id) }
        guard try row["is_in_quota"] else { throw Problem.quotaExceeded(.teams, quota) }
        let restored = try Team(row: row, seenBy: context.caller)
        try context.noteActivity(row, "team.restored", team: id, ["slug": restored.slug])
        return restored
    }
}
