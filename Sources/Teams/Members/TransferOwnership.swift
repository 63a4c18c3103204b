import Base
public import Core
import Postgres

extension Team {
    private static var transferring: Action {
        Action(
            "ownership.transfer",
            needs: .admin,
            sessionOnly: true,
            refusal: "Only team owners can transfer ownership"
        )
    }

    /// Makes another member the owner; who was it stays as an admin.
    ///
    /// Each statement does nothing unless the one before has done its part: the owner's seat is emptied only for a
    /// member who is there, taken only when it is empty, and the team follows who sits in it.
    ///
    /// - Returns: The team, as an admin sees it.
    /// - Throws: A `Denial` for all but the owner; 404 `member_not_found`, 409 `already_owner`.
    public static func transfer(to heir: Member.Reference, in context: inout Context) throws -> Team {
        let id = heir.team
        let user = try context.user(attempting: transferring, on: id)
        let rows = try context.write(
            .lockTeam(id, for: user),
            """
            UPDATE nofx.team_members m SET role = 'admin', updated_at = now()
            FROM nofx.teams t
            WHERE t.id = \(id) AND t.deleted_at IS NULL AND m.team_id = t.id AND m.user_id = \(user) AND m.role = 'owner'
              AND EXISTS (SELECT FROM nofx.team_members h
                          WHERE h.team_id = \(id) AND h.id = \(heir.member) AND h.user_id <> \(user))
            """,
            """
            UPDATE nofx.team_members m SET role = 'owner', permissions = NULL, updated_at = now()
            WHERE m.team_id = \(id) AND m.id = \(heir.member)
              AND NOT EXISTS (SELECT FROM nofx.team_members o WHERE o.team_id = \(id) AND o.role = 'owner')
            """,
            """
            WITH member AS MATERIALIZED (
                SELECT m.role, nofx.permissions(m.role, m.permissions) AS permissions
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(id) AND t.deleted_at IS NULL AND m.user_id = \(user)
            ), heir AS MATERIALIZED (
                SELECT m.user_id, m.role
                FROM nofx.team_members m WHERE m.team_id = \(id) AND m.id = \(heir.member)
            ), team AS (
                UPDATE nofx.teams t SET owner_id = heir.user_id, version = t.version + 1, updated_at = now()
                FROM heir
                WHERE t.id = \(id) AND t.owner_id = \(user) AND heir.role = 'owner' AND heir.user_id <> \(user)
                RETURNING t.*
            )
            SELECT member.role, member.permissions, heir.user_id AS heir, team.*,
                   CASE WHEN team.id IS NOT NULL THEN nofx.log_activity(
                       team.id, team.name, \(user), 'ownership.transferred', 'team', team.id::text,
                       jsonb_build_object('oldOwnerId', \(user), 'userId', heir.user_id), \(context.record)
                   ) END AS activity
            FROM member LEFT JOIN heir ON true LEFT JOIN team ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(transferring, team: id) }
        guard try row["id"] as ID<Team>? != nil else { throw try refusal(in: id, row) }
        let team = try Team(row: row, seenBy: context.caller)
        try context.noteActivity(
            row,
            "ownership.transferred",
            team: id,
            ["oldOwnerId": user, "userId": team.owner]
        )
        return team
    }

    /// Why the owner is who it was.
    private static func refusal(in team: ID<Team>, _ row: Row) throws(PostgresError) -> any Error {
        let role: Role = try row["role"]
        guard role == .owner else { return Denial.notOwner(transferring, team: team, role: role) }
        return try row["heir"] as ID<User>? == nil ? Problem.memberNotFound : Problem.alreadyOwner
    }
}
