public import Base
public import Core
import Postgres

extension Member {
    /// The input of updateMemberRole: the member and the changes.
    public struct Changes: InputObject {
        let team: ID<Team>
        let member: ID<Member>
        let role: Role?
        let override: Change<PermissionOverride>

        public static let choice: FieldChoice? = .atLeastOne(["role"], orNull: "permissions")

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("memberId", ID<Member>.self, "The membership: the id in listMembers."),
            .optional("role", Role.self, "The new role, which cannot be owner; unchanged by default."),
            .change(
                "permissions",
                PermissionOverride.self,
                "Permissions that replace the role's; unchanged by default, null to remove the override."
            ),
            into: { team, member, role, override throws(Violations) in
                if role == nil, case .keep = override {
                    throw Violations(.required, "must name at least one of role and permissions")
                }
                return Changes(team: team, member: member, role: role, override: override)
            }
        )

        fileprivate var keepsOverride: Bool {
            if case .keep = override { true } else { false }
        }

        fileprivate var newOverride: [Permission]? {
            if case .set(let new) = override { new.permissions } else { nil }
        }
    }

    private static var updating: Action {
        Action("member.update_role", needs: .admin, refusal: "Insufficient permissions to change members")
    }

    /// Changes a member's role, or the permissions that replace the role's.
    ///
    /// Callers who manage members can change members of lower roles. The member's new role and permissions are no more
    /// than the caller's. Pending invites that the member could no longer send are cancelled.
    ///
    /// - Throws: A `Denial`; 404 `member_not_found`, 409 `owner_role_immutable`, 422 `role_not_assignable`.
    public static func update(_ changes: Changes, in context: inout Context) throws -> Member {
        let (team, role, override) = (changes.team, changes.role, changes.newOverride)
        let user = try context.user(attempting: updating, on: team)
        let entry = context.auditEntry(
            "member.role_updated",
            of: "\(team)",
            named: "actor.name",
            on: "member",
            "member.id",
            metadata: """
                json_build_object('userId', member.user_id, 'oldRole', target.role, 'role', member.role,
                                  'override', member.permissions)
                """
        )
        let rows = try context.write(
            .lockTeam(team, for: user),
            """
            WITH \(fragment: .actor(user, in: team, locking: .team)), target AS MATERIALIZED (
                SELECT m.id, m.user_id, m.role
                FROM nofx.team_members m WHERE m.team_id = \(team) AND m.id = \(changes.member)
            ), member AS (
                UPDATE nofx.team_members m
                SET role = coalesce(\(role), m.role),
                    permissions = CASE WHEN \(changes.keepsOverride) THEN m.permissions ELSE \(override) END,
                    updated_at = greatest(m.updated_at, clock_timestamp())
                FROM actor
                WHERE m.team_id = \(team) AND m.id = \(changes.member) AND m.user_id <> \(user)
                  AND coalesce(\(role), m.role) <> 'owner'
                  AND nofx.may_act_on(actor.role, actor.override, m.role, m.permissions)
                  AND nofx.may_grant(actor.role, actor.override, coalesce(\(role), m.role),
                                     CASE WHEN \(changes.keepsOverride) THEN m.permissions ELSE \(override) END)
                RETURNING m.*
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = clock_timestamp()
                FROM member
                WHERE i.team_id = \(team) AND i.invited_by = member.user_id AND i.status = 'pending'
                  AND NOT nofx.may_grant(member.role, member.permissions, i.role, NULL)
            )
            SELECT actor.role AS actor_role, actor.can_manage, target.id AS target, target.role AS old_role,
                   target.user_id = \(user) AS is_self,
                   member.id, member.user_id, member.role, member.joined_at, member.updated_at, u.email,
                   nofx.permissions(member.role, member.permissions) AS permissions, member.permissions AS override,
                   \(fragment: entry.columns)
            FROM actor LEFT JOIN target ON true LEFT JOIN member ON true LEFT JOIN nofx.users u ON u.id = member.user_id
            """
        )
        guard let row = rows.first else { throw Denial.notMember(updating, team: team) }
        guard try row["id"] as ID<Member>? != nil else { throw try refusal(of: changes, row) }
        try context.reportIfLost(entry, row)
        return try Member(row: row)
    }

    /// The reason why the member was not changed.
    private static func refusal(of changes: Changes, _ row: Row) throws(PostgresError) -> any Error {
        let (team, role) = (changes.team, try row["actor_role"] as Role)
        guard try row["target"] as ID<Member>? != nil else { return Problem.memberNotFound }
        guard try row["can_manage"] else { return Denial.missing(updating, team: team, role: role) }
        if try row["is_self"] { return Denial.ownRole(updating, team: team, role: role) }
        if try row["old_role"] as Role == .owner { return Problem.ownerRoleImmutable }
        return changes.role == .owner ? Problem.roleNotAssignable : Denial.roleTooHigh(updating, team: team, role: role)
    }
}
