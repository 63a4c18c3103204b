public import Base
public import Core
import Postgres

extension Invite {
    /// Names an invite of a team.
    public struct Reference: InputObject {
        let team: ID<Team>
        let invite: ID<Invite>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("inviteId", ID<Invite>.self, "The invite, as listInvites calls it."),
            into: Reference.init
        )
    }

    private static var cancelling: Action {
        Action("invite.cancel", needs: .admin, refusal: "Insufficient permissions to cancel invites")
    }

    /// Takes a pending invite back: none of its tokens is good any more.
    ///
    /// The team is locked first, as whoever accepts does, so that what became of the invite is known and not guessed.
    ///
    /// - Throws: A `Denial`; 404 `invite_not_found`, 409 `invite_accepted`, `invite_cancelled` and `invite_expired`.
    public static func cancel(_ reference: Reference, in context: inout Context) throws -> Invite {
        let (team, id) = (reference.team, reference.invite)
        let user = try context.user(attempting: cancelling, on: team)
        let rows = try context.write(
            .lockTeam(team, for: user),
            """
            WITH actor AS MATERIALIZED (
                SELECT t.name, m.role, nofx.can_manage(m.role, m.permissions) AS can_manage
                FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
                WHERE t.id = \(team) AND t.deleted_at IS NULL AND m.user_id = \(user)
                FOR NO KEY UPDATE OF t FOR SHARE OF m
            ), target AS MATERIALIZED (
                SELECT CASE WHEN i.status = 'pending' AND i.expires_at <= now() THEN 'expired'
                            ELSE i.status END AS status
                FROM nofx.team_invites i WHERE i.team_id = \(team) AND i.id = \(id)
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = now()
                FROM actor
                WHERE i.team_id = \(team) AND i.id = \(id) AND i.status = 'pending' AND i.expires_at > now()
                  AND actor.can_manage
                RETURNING i.*
            )
            SELECT actor.role AS actor_role, actor.can_manage, target.status AS old_status, cancelled.*,
                   CASE WHEN cancelled.id IS NOT NULL THEN nofx.log_activity(
                       \(team), actor.name, \(user), 'invite.cancelled', 'invite', cancelled.id::text,
                       jsonb_build_object('inviteId', cancelled.id, 'role', cancelled.role), \(context.record)
                   ) END AS activity
            FROM actor LEFT JOIN target ON true LEFT JOIN cancelled ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(cancelling, team: team) }
        guard try row["can_manage"] else {
            throw Denial.missing(cancelling, team: team, role: try row["actor_role"])
        }
        guard let status = try row["old_status"] as InviteStatus? else { throw Problem.inviteNotFound }
        guard try row["id"] as ID<Invite>? != nil else { throw Problem.inviteDecided(status) }
        let invite = try Invite(row: row)
        try context.noteActivity(row, "invite.cancelled", team: team, ["inviteId": id, "role": invite.role])
        return invite
    }
}
