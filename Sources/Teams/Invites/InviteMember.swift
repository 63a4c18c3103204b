public import Base
public import Core
import Postgres

extension NewInvite {
    /// The input of inviteMember.
    public struct Draft: InputObject {
        let team: ID<Team>
        let email: EmailAddress
        let role: InvitedRole
        let message: InviteMessage?

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("email", EmailAddress.self, "The address to invite; only its holder can accept."),
            .optional("role", InvitedRole.self, default: .member, "The role to grant; it cannot exceed yours."),
            .optional("message", InviteMessage.self, "A text that the mail includes."),
            into: Draft.init
        )
    }

    private static var inviting: Action {
        Action("invite.send", needs: .admin, refusal: "Insufficient permissions to invite members")
    }

    /// Invites an address into a team.
    ///
    /// One statement adds the invite and the hash of its token, and takes from the rates of the team, of the caller and
    /// of the address: all of it or nothing. A trigger queues the mail. The team is locked first, so that what is counted
    /// is exact.
    ///
    /// - Throws: A `Denial`; 409 `already_member` and `invite_pending`, 403 `quota_exceeded`, 429 `rate_limited`.
    public static func create(_ draft: Draft, in context: inout Context) throws -> NewInvite {
        let (team, email, quotas) = (draft.team, draft.email, context.quotas)
        let user = try context.user(attempting: inviting, on: team)
        let (id, token) = (ID<Invite>.make(), InviteToken.make())
        let entry = context.auditEntry(
            "invite.sent",
            of: "\(team)",
            named: "actor.name",
            on: "invite",
            "invite.id",
            metadata: "json_build_object('inviteId', invite.id, 'role', invite.role)"
        )
        let rows = try context.write(
            .lockTeam(team, for: user),
            expire(in: team, for: email, by: user),
            """
            WITH \(fragment: .actor(user, in: team, locking: .team)), grantable AS (
                SELECT nofx.may_grant(actor.role, actor.override, \(draft.role), NULL) AS may_grant_role FROM actor
            ), held AS MATERIALIZED (
                SELECT (SELECT count(*) FROM nofx.team_members WHERE team_id = \(team)) AS members,
                       (SELECT count(*) FROM nofx.team_invites
                        WHERE team_id = \(team) AND status = 'pending' AND expires_at > now()) AS invites,
                       EXISTS (SELECT FROM nofx.team_members m JOIN nofx.users u ON u.id = m.user_id
                               WHERE m.team_id = \(team) AND u.email_normalized = \(email.normalized)) AS is_member
            ), invite AS (
                INSERT INTO nofx.team_invites (id, team_id, email, email_normalized, role, invited_by, message)
                SELECT \(id), \(team), \(email.text), \(email.normalized), \(draft.role), \(user), \(draft.message)
                FROM actor, grantable, held
                WHERE grantable.may_grant_role AND NOT held.is_member
                  AND held.invites < \(quotas.invites) AND held.members + held.invites < \(quotas.members)
                ON CONFLICT (team_id, email_normalized) WHERE status = 'pending' DO NOTHING
                RETURNING *
            ), token AS (
                INSERT INTO nofx.team_invite_tokens (token_hash, invite_id) SELECT \(token.hash), id FROM invite
            ), rate AS MATERIALIZED (
                SELECT min(taken.remaining) AS remaining
                FROM invite CROSS JOIN LATERAL (VALUES
                    ('invites ' || invite.team_id, \(quotas.invitations?.interval), \(quotas.invitations?.burst)),
                    (invite.invited_by || ' invites', \(quotas.invitationsByUser?.interval),
                     \(quotas.invitationsByUser?.burst)),
                    ('invites to ' || encode(sha256(convert_to(invite.email_normalized, 'UTF8')), 'hex'),
                     \(quotas.invitationsToAddress?.interval), \(quotas.invitationsToAddress?.burst))
                ) AS rates (key, interval, burst)
                CROSS JOIN LATERAL nofx.take_rate(rates.key, rates.interval, rates.burst::integer) AS taken
                WHERE rates.burst IS NOT NULL
            )
            SELECT actor.role AS actor_role, actor.can_manage, grantable.may_grant_role, held.is_member,
                   held.invites < \(quotas.invites) AS has_room_for_invite,
                   held.members + held.invites < \(quotas.members) AS has_room_for_member,
                   invite.*, rate.remaining,
                   \(fragment: entry.columns)
            FROM actor CROSS JOIN grantable CROSS JOIN held LEFT JOIN invite ON true LEFT JOIN rate ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(inviting, team: team) }
        guard try row["id"] as ID<Invite>? != nil else { throw try refusal(in: team, row, quotas) }
        try context.reportIfLost(entry, row)
        return try NewInvite(token, row: row)
    }

    /// Marks an expired invite of the same address, so that it does not block the new one.
    private static func expire(in team: ID<Team>, for email: EmailAddress, by user: ID<User>) -> Query {
        """
        UPDATE nofx.team_invites i SET status = 'expired', decided_at = clock_timestamp()
        FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
        WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user) AND nofx.can_manage(m.role, m.permissions)
          AND i.team_id = t.id AND i.email_normalized = \(email.normalized)
          AND i.status = 'pending' AND i.expires_at <= now()
        """
    }

    /// The reason why the address was not invited.
    private static func refusal(in team: ID<Team>, _ row: Row, _ quotas: Quotas) throws(PostgresError) -> any Error {
        let role: Role = try row["actor_role"]
        guard try row["can_manage"] else { return Denial.missing(inviting, team: team, role: role) }
        guard try row["may_grant_role"] else { return Denial.roleTooHigh(inviting, team: team, role: role) }
        if try row["is_member"] { return Problem.alreadyMember }
        guard try row["has_room_for_invite"] else { return Problem.quotaExceeded(.invites, quotas.invites) }
        guard try row["has_room_for_member"] else { return Problem.quotaExceeded(.members, quotas.members) }
        return Problem.invitePending
    }
}
