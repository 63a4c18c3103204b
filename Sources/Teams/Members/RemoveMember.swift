import Base
public import Core
import Postgres

extension Member {
    private static var removing: Action {
        Action("member.remove", needs: .admin, refusal: "Insufficient permissions to remove members")
    }

    /// Ends somebody's membership, and the invites that they sent and nobody has accepted.
    ///
    /// Whoever manages members removes those of lower roles.
    ///
    /// - Throws: A `Denial`; 404 `member_not_found`, 409 `owner_cannot_be_removed`, 422 `use_leave_team` for oneself.
    public static func remove(_ reference: Reference, in context: inout Context) throws -> Departure {
        let team = reference.team
        let user = try context.user(attempting: removing, on: team)
        let rows = try context.write(
            .lockTeam(team, for: user),
            """
            WITH actor AS MATERIALIZED (
                SELECT t.name, m.role, nofx.can_manage(m.role, m.permissions) AS can_manage
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
                FOR NO KEY UPDATE OF t FOR SHARE OF m
            ), target AS MATERIALIZED (
                SELECT m.id, m.user_id, m.role
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.id = \(reference.member)
            ), departed AS (
                DELETE FROM nofx.team_members m USING actor
                WHERE m.team_id = \(team) AND m.id = \(reference.member) AND m.user_id <> \(user)
                  AND actor.can_manage AND nofx.role_rank(m.role) < nofx.role_rank(actor.role)
                RETURNING m.id, m.team_id, m.user_id, m.role
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = now()
                FROM departed
                WHERE i.team_id = \(team) AND i.invited_by = departed.user_id AND i.status = 'pending'
                RETURNING i.id
            )
            SELECT actor.role AS actor_role, actor.can_manage, target.id AS target, target.role AS target_role,
                   target.user_id = \(user) AS is_self, departed.*,
                   (SELECT count(*) FROM cancelled) AS invites_cancelled,
                   CASE WHEN departed.id IS NOT NULL THEN nofx.log_activity(
                       \(team), actor.name, \(user), 'member.removed', 'member', departed.id::text,
                       jsonb_build_object('userId', departed.user_id, 'role', departed.role), \(context.record)
                   ) END AS activity
            FROM actor LEFT JOIN target ON true LEFT JOIN departed ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(removing, team: team) }
        guard try row["id"] as ID<Member>? != nil else { throw try refusal(in: team, row) }
        let departure = try Departure(row: row)
        try context.noteActivity(
            row,
            "member.removed",
            team: team,
            ["userId": departure.user, "role": try row["role"] as Role]
        )
        return departure
    }

    /// Why nobody was removed.
    private static func refusal(in team: ID<Team>, _ row: Row) throws(PostgresError) -> any Error {
        guard try row["target"] as ID<Member>? != nil else { return Problem.memberNotFound }
        // Whoever wants to go is told how, also those who manage nobody.
        if try row["is_self"] { return Problem.useLeaveTeam }
        let role: Role = try row["actor_role"]
        guard try row["can_manage"] else { return Denial.missing(removing, team: team, role: role) }
        if try row["target_role"] as Role == .owner { return Problem.ownerCannotBeRemoved }
        return Denial.roleTooHigh(removing, team: team, role: role)
    }
}
