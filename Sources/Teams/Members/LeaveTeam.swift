public import Base
public import Core
import Postgres

extension Team {
    private static var leaving: Action {
        Action("team.leave", needs: .read, sessionOnly: true, refusal: "Insufficient permissions to leave team")
    }

    /// Ends the caller's own membership, and cancels the pending invites that the caller sent.
    ///
    /// - Throws: A `Denial` for a caller who is not a member, 409 `owner_cannot_leave`.
    public static func leave(_ id: ID<Team>, in context: inout Context) throws -> Member.Departure {
        let user = try context.user(attempting: leaving, on: id)
        let entry = context.auditEntry(
            "member.left",
            of: "\(id)",
            named: "actor.name",
            on: "member",
            "departed.id",
            metadata: "json_build_object('userId', departed.user_id, 'role', actor.role)"
        )
        let rows = try context.write(
            .lockTeam(id, for: user),
            """
            WITH \(fragment: .actor(user, in: id, locking: .team)), departed AS (
                DELETE FROM nofx.team_members m USING actor
                WHERE m.team_id = \(id) AND m.user_id = \(user) AND m.role <> 'owner'
                RETURNING m.id, m.team_id, m.user_id
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = clock_timestamp()
                FROM departed
                WHERE i.team_id = \(id) AND i.invited_by = departed.user_id AND i.status = 'pending'
                RETURNING i.id
            )
            SELECT departed.*, (SELECT count(*) FROM cancelled) AS invites_cancelled, \(fragment: entry.columns)
            FROM actor LEFT JOIN departed ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(leaving, team: id) }
        guard try row["id"] as ID<Member>? != nil else { throw Problem.ownerCannotLeave }
        try context.reportIfLost(entry, row)
        return try Member.Departure(row: row)
    }
}
