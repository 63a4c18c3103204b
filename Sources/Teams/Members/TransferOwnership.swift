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

    /// Makes another member the owner.
    ///
    /// The previous owner becomes an admin.
    ///
    /// Each statement depends on the one before. The first makes the owner an admin, only if the other member exists. The
    /// second makes that member the owner, only if the team has no owner. The third stores the new owner with the team.
    ///
    /// - Returns: The team, as an admin sees it.
    /// - Throws: A `Denial` for callers other than the owner; 404 `member_not_found`, 409 `already_owner`.
    public static func transfer(to heir: Member.Reference, in context: inout Context) throws -> Team {
        let id = heir.team
        let user = try context.user(attempting: transferring, on: id)
        let entry = context.auditEntry(
            "ownership.transferred",
            of: "team.id",
            named: "team.name",
            on: "team",
            "team.id",
            metadata: "json_build_object('oldOwnerId', \(user), 'userId', heir.user_id)"
        )
        let rows = try context.write(
            .lockTeam(id, for: user),
            """
            UPDATE nofx.team_members m
            SET role = 'admin', updated_at = greatest(m.updated_at, clock_timestamp())
            FROM nofx.teams t
            WHERE t.id = \(id) AND t.deleted_at IS NULL AND m.team_id = t.id AND m.user_id = \(user) AND m.role = 'owner'
              AND EXISTS (SELECT FROM nofx.team_members h
                          WHERE h.team_id = \(id) AND h.id = \(heir.member) AND h.user_id <> \(user))
            """,
            """
            UPDATE nofx.team_members m
            SET role = 'owner', permissions = NULL, updated_at = greatest(m.updated_at, clock_timestamp())
            WHERE m.team_id = \(id) AND m.id = \(heir.member)
              AND NOT EXISTS (SELECT FROM nofx.team_members o WHERE o.team_id = \(id) AND o.role = 'owner')
            """,
            """
            WITH \(fragment: .actor(user, in: id)), heir AS MATERIALIZED (
                SELECT m.user_id, m.role
                FROM nofx.team_members m WHERE m.team_id = \(id) AND m.id = \(heir.member)
            ), team AS (
                UPDATE nofx.teams t
                SET owner_id = heir.user_id, version = t.version + 1,
                    updated_at = greatest(t.updated_at, clock_timestamp())
                FROM heir
                WHERE t.id = \(id) AND t.owner_id = \(user) AND heir.role = 'owner' AND heir.user_id <> \(user)
                RETURNING t.*
            )
            SELECT actor.role, actor.permissions, heir.user_id AS heir, team.*, \(fragment: entry.columns)
            FROM actor LEFT JOIN heir ON true LEFT JOIN team ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(transferring, team: id) }
        guard try row["id"] as ID<Team>? != nil else { throw try refusal(in: id, row) }
        try context.reportIfLost(entry, row)
        return try Team(row: row, seenBy: context.caller)
    }

    /// The reason why the ownership was not transferred.
    private static func refusal(in team: ID<Team>, _ row: Row) throws(PostgresError) -> any Error {
        let role: Role = try row["role"]
        guard role == .owner else { return Denial.notOwner(transferring, team: team, role: role) }
        return try row["heir"] as ID<User>? == nil ? Problem.memberNotFound : Problem.alreadyOwner
    }
}
