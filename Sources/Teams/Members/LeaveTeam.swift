public import Base
public import Core
import Postgres

extension Team {
    private static var leaving: Action {
        Action("team.leave", needs: .read, sessionOnly: true, refusal: "Insufficient permissions to leave team")
    }

    /// Ends the caller's own membership, and the invites that they sent and nobody has accepted.
    ///
    /// - Throws: A `Denial` for who is no member, 409 `owner_cannot_leave`.
    public static func leave(_ id: ID<Team>, in context: inout Context) throws -> Member.Departure {
        let user = try context.user(attempting: leaving, on: id)
        let rows = try context.write(
            .lockTeam(id, for: user),
            """
            WITH member AS MATERIALIZED (
                SELECT t.name, m.role
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(id) AND t.deleted_at IS NULL AND m.user_id = \(user)
                FOR NO KEY UPDATE OF t FOR SHARE OF m
            ), departed AS (
                DELETE FROM nofx.team_members m USING member
                WHERE m.team_id = \(id) AND m.user_id = \(user) AND m.role <> 'owner'
                RETURNING m.id, m.team_id, m.user_id
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = now()
                FROM departed
                WHERE i.team_id = \(id) AND i.invited_by = departed.user_id AND i.status = 'pending'
                RETURNING i.id
            )
            SELECT member.role, departed.*, (SELECT count(*) FROM cancelled) AS invites_cancelled,
                   CASE WHEN departed.id IS NOT NULL THEN nofx.log_activity(
                       \(id), member.name, \(user), 'member.left', 'member', departed.id::text,
                       jsonb_build_object('userId', departed.user_id, 'role', member.role), \(context.record)
                   ) END AS activity
            FROM member LEFT JOIN departed ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(leaving, team: id) }
        guard try row["id"] as ID<Member>? != nil else { throw Problem.ownerCannotLeave }
        try context.noteActivity(row, "member.left", team: id, ["userId": user, "role": try row["role"] as Role])
        return try Member.Departure(row: row)
    }
}
