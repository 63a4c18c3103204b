import Base
public import Core
import Postgres

extension Member {
    private static var removing: Action {
        Action("member.remove", needs: .admin, refusal: "Insufficient permissions to remove members")
    }

    /// Removes a member, and cancels the pending invites that the member sent and those to the member's own addresses.
    ///
    /// Callers who manage members can remove members of lower roles than their own.
    ///
    /// - Throws: A `Denial`; 404 `member_not_found`, 409 `owner_cannot_be_removed`, 422 `use_leave_team` for the caller's
    ///   own membership.
    public static func remove(_ reference: Reference, in context: inout Context) throws -> Departure {
        let team = reference.team
        let user = try context.user(attempting: removing, on: team)
        let entry = context.auditEntry(
            "member.removed",
            of: "\(team)",
            named: "actor.name",
            on: "member",
            "departed.id",
            metadata: "json_build_object('userId', departed.user_id, 'role', departed.role)"
        )
        let rows = try context.write(
            .lockTeam(team, for: user),
            """
            WITH \(fragment: .actor(user, in: team, locking: .team)), target AS MATERIALIZED (
                SELECT m.id, m.user_id, m.role
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.id = \(reference.member)
            ), departed AS (
                DELETE FROM nofx.team_members m USING actor
                WHERE m.team_id = \(team) AND m.id = \(reference.member) AND m.user_id <> \(user)
                  AND nofx.may_act_on(actor.role, actor.override, m.role, m.permissions)
                RETURNING m.id, m.team_id, m.user_id, m.role
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = clock_timestamp()
                FROM departed
                WHERE i.team_id = \(team) AND i.status = 'pending'
                  AND (i.invited_by = departed.user_id OR nofx.is_email_of(departed.user_id, i.email_normalized))
                RETURNING i.id
            )
            SELECT actor.role AS actor_role, actor.can_manage, target.id AS target, target.role AS target_role,
                   target.user_id = \(user) AS is_self, departed.*,
                   (SELECT count(*) FROM cancelled) AS invites_cancelled, \(fragment: entry.columns)
            FROM actor LEFT JOIN target ON true LEFT JOIN departed ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(removing, team: team) }
        guard try row["id"] as ID<Member>? != nil else { throw try refusal(in: team, row) }
        try context.reportIfLost(entry, row)
        return try Departure(row: row)
    }

    /// The reason why the member was not removed.
    private static func refusal(in team: ID<Team>, _ row: Row) throws(PostgresError) -> any Error {
        guard try row["target"] as ID<Member>? != nil else { return Problem.memberNotFound }
        // This answer comes first, so that callers who do not manage members learn about leaveTeam too.
        if try row["is_self"] { return Problem.useLeaveTeam }
        let role: Role = try row["actor_role"]
        guard try row["can_manage"] else { return Denial.missing(removing, team: team, role: role) }
        if try row["target_role"] as Role == .owner { return Problem.ownerCannotBeRemoved }
        return Denial.roleTooHigh(removing, team: team, role: role)
    }
}
