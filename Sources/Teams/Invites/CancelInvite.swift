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
            Field("inviteId", ID<Invite>.self, "The invite: the id in listInvites."),
            into: Reference.init
        )
    }

    private static var cancelling: Action {
        Action("invite.cancel", needs: .admin, refusal: "Insufficient permissions to cancel invites")
    }

    /// Cancels a pending invite.
    ///
    /// Its tokens become invalid.
    ///
    /// Like acceptInvite it locks the team first, so that the invite's status cannot change meanwhile.
    ///
    /// - Throws: A `Denial`; 404 `invite_not_found`, 409 `invite_accepted`, `invite_cancelled` and `invite_expired`.
    public static func cancel(_ reference: Reference, in context: inout Context) throws -> Invite {
        let (team, id) = (reference.team, reference.invite)
        let user = try context.user(attempting: cancelling, on: team)
        let entry = context.auditEntry(
            "invite.cancelled",
            of: "\(team)",
            named: "actor.name",
            on: "invite",
            "cancelled.id",
            metadata: "json_build_object('inviteId', cancelled.id, 'role', cancelled.role)"
        )
        let rows = try context.write(
            .lockTeam(team, for: user),
            """
            WITH \(fragment: .actor(user, in: team, locking: .team)), target AS MATERIALIZED (
                SELECT CASE WHEN i.status = 'pending' AND i.expires_at <= now() THEN 'expired'
                            ELSE i.status END AS status
                FROM nofx.team_invites i WHERE i.team_id = \(team) AND i.id = \(id)
            ), cancelled AS (
                UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = clock_timestamp()
                FROM actor
                WHERE i.team_id = \(team) AND i.id = \(id) AND i.status = 'pending' AND i.expires_at > now()
                  AND actor.can_manage
                RETURNING i.*
            )
            SELECT actor.role AS actor_role, actor.can_manage, target.status AS old_status, cancelled.*,
                   \(fragment: entry.columns)
            FROM actor LEFT JOIN target ON true LEFT JOIN cancelled ON true
            """
        )
        guard let row = rows.first else { throw Denial.notMember(cancelling, team: team) }
        guard try row["can_manage"] else {
            throw Denial.missing(cancelling, team: team, role: try row["actor_role"])
        }
        guard let status = try row["old_status"] as InviteStatus? else { throw Problem.inviteNotFound }
        guard try row["id"] as ID<Invite>? != nil else { throw Problem.inviteDecided(status) }
        try context.reportIfLost(entry, row)
        return try Invite(row: row)
    }
}
