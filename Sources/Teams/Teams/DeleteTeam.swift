public import Base
public import Core
public import Postgres

extension Team {
    /// A deleted team, and how long it can be restored.
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
            OutputField("deletedAt", "When the team was deleted.") { $0.deletedAt },
            OutputField("purgeAfter", "When the team is purged; restoreTeam restores it before.") { $0.purgeAfter },
            OutputField("invitesCancelled", "The number of pending invites that were cancelled.") {
                $0.invitesCancelled
            },
        ]
    }

    private static var deleting: Action {
        Action("team.delete", needs: .delete, refusal: "Only team owners can delete teams")
    }

    /// Deletes a team.
    ///
    /// The owner can restore it for 30 days.
    ///
    /// - Throws: A `Denial` for callers other than the owner.
    public static func delete(_ id: ID<Team>, in context: inout Context) throws -> Deleted {
        let user = try context.user(attempting: deleting, on: id)
        let entry = context.auditEntry(
            "team.deleted",
            of: "team.id",
            named: "team.name",
            on: "team",
            "team.id",
            metadata: "json_build_object('slug', team.slug)"
        )
        // The lock is a statement of its own, so that the next one also cancels invites made while it waited, and so
        // that the time of that statement is after the wait.
        let rows = try context.write(
            .lockTeam(id, for: user),
            """
            WITH \(fragment: .actor(user, in: id, locking: .team)), team AS (
                UPDATE nofx.teams t
                SET deleted_at = statement_timestamp(), deleted_by = \(user),
                    purge_after = statement_timestamp() + interval '30 days',
                    version = t.version + 1, updated_at = greatest(t.updated_at, clock_timestamp())
                FROM actor WHERE t.id = \(id) AND (t.owner_id = \(user) OR actor.role = 'owner')
                RETURNING t.*
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = clock_timestamp()
                FROM team WHERE i.team_id = team.id AND i.status = 'pending'
                RETURNING i.id
            )
            SELECT actor.role, team.id, team.deleted_at, team.purge_after,
                   (SELECT count(*) FROM cancelled) AS invites_cancelled, \(fragment: entry.columns)
            FROM actor LEFT JOIN team ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(deleting, team: id) }
        guard try row["id"] as ID<Team>? != nil else {
            throw Denial.notOwner(deleting, team: id, role: try row["role"])
        }
        try context.reportIfLost(entry, row)
        return try Deleted(row: row)
    }
}
