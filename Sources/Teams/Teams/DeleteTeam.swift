public import Base
public import Core
public import Postgres

extension Team {
    /// A team that was deleted, and until when that can be undone.
    public struct Deleted: OutputObject, RowDecodable {
        let id: ID<Team>
        let deletedAt: Timestamp
        let purgeAfter: Timestamp
        let invitesCancelled: Int

        public init(row: borrowing Row) throws(PostgresError) {
            id = try row["id"]
            deletedAt = try row["deleted_at"]
            purgeAfter = try row["purge_after"]
            invitesCancelled = try row["invites_cancelled"]
        }

        public static let fields: [OutputField<Deleted>] = [
            OutputField("id", "The team.") { $0.id },
            OutputField("deletedAt", "When it was deleted.") { $0.deletedAt },
            OutputField("purgeAfter", "Until when restoreTeam brings it back.") { $0.purgeAfter },
            OutputField("invitesCancelled", "How many pending invites ended with it.") { $0.invitesCancelled },
        ]
    }

    private static var deleting: Action {
        Action("team.delete", needs: .delete, refusal: "Only team owners can delete teams")
    }

    /// Deletes a team, restorably for 30 days.
    ///
    /// - Throws: A `Denial` for all but the owner.
    public static func delete(_ id: ID<Team>, in context: inout Context) throws -> Deleted {
        let user = try context.user(attempting: deleting, on: id)
        // A statement of its own, so that invites which were made while it waited end with the team.
        let rows = try context.write(
            .lockTeam(id, for: user),
            """
            WITH member AS MATERIALIZED (
                SELECT m.role, t.owner_id = \(user) OR m.role = 'owner' AS is_owner
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(id) AND t.deleted_at IS NULL AND m.user_id = \(user)
                FOR NO KEY UPDATE OF t FOR SHARE OF m
            ), team AS (
                UPDATE nofx.teams t
                SET deleted_at = now(), deleted_by = \(user), purge_after = now() + interval '30 days',
                    version = t.version + 1, updated_at = now()
                FROM member WHERE t.id = \(id) AND member.is_owner
                RETURNING t.*
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = now()
                FROM team WHERE i.team_id = team.id AND i.status = 'pending'
                RETURNING i.id
            )
            SELECT member.is_owner, member.role, team.id, team.slug, team.deleted_at, team.purge_after,
                   (SELECT count(*) FROM cancelled) AS invites_cancelled,
                   CASE WHEN team.id IS NOT NULL THEN nofx.log_activity(
                       team.id, team.name, \(user), 'team.deleted', 'team', team.id::text,
                       jsonb_build_object('slug', team.slug), \(context.record)
                   ) END AS activity
            FROM member LEFT JOIN team ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(deleting, team: id) }
        guard try row["is_owner"] else {
            throw Denial.notOwner(deleting, team: id, role: try row["role"])
        }
        try context.noteActivity(row, "team.deleted", team: id, ["slug": try row["slug"] as TeamSlug])
        return try Deleted(row: row)
    }
}
