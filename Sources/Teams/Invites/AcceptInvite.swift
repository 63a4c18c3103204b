public import Base
public import Core
import Postgres

extension Acceptance {
    /// What proves an invite.
    public struct Request: InputObject {
        let token: InviteToken

        public static let schema = Schema(
            Field("token", InviteToken.self, "The invite's token, from a mail or from who invited you."),
            into: Request.init
        )
    }

    fileprivate static var accepting: Action {
        Action("invite.accept", needs: .write, sessionOnly: true, refusal: "Insufficient permissions to accept invites")
    }

    /// Makes the caller a member of the team that invited them.
    ///
    /// It takes the token and the address both: a token alone, found or guessed, is good for nobody else. Accepting
    /// again changes nothing and is answered with the membership.
    ///
    /// - Throws: A `Denial` for an API key, for a caller without a verified address or with another one than was invited,
    ///   and for a token that is none; 409 `invite_used`, `invite_cancelled`, `invite_expired` and `inviter_revoked`, 403
    ///   `quota_exceeded`.
    public static func accept(_ request: Request, in context: inout Context) throws -> Acceptance {
        let user = try context.user(attempting: accepting)
        guard let email = context.caller?.email else { throw Denial.emailNotVerified }
        let seats = context.settings.members
        let rows = try context.write(
            """
            SELECT a.*,
                   CASE WHEN a.outcome = 'accepted' THEN nofx.log_activity(
                       a.team_id, a.team_name, \(user), 'invite.accepted', 'invite', a.invite_id::text,
                       jsonb_build_object('inviteId', a.invite_id, 'role', a.role), \(context.record)
                   ) END AS activity
            FROM nofx.accept_invite(\(request.token.hash), \(email.normalized), \(seats)::integer) a
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        switch try row["outcome"] as Outcome {
        case .accepted:
            let acceptance = try Acceptance(row: row)
            let invite: ID<Invite> = try row["invite_id"]
            try context.noteActivity(
                row,
                "invite.accepted",
                team: acceptance.team,
                ["inviteId": invite, "role": acceptance.role]
            )
            return acceptance
        case .repeated: return try Acceptance(row: row)
        case .unknown: throw Denial.unknownInvite
        case .emailMismatch: throw Denial.emailMismatch(team: try row["team_id"])
        case .used: throw Problem.inviteUsed
        case .cancelled: throw Problem.inviteDecided(.cancelled)
        case .expired: throw Problem.inviteDecided(.expired)
        case .inviterRevoked: throw Problem.inviterRevoked
        case .full: throw Problem.quotaExceeded(.members, seats)
        }
    }

    /// What `nofx.accept_invite` did, or why it did nothing.
    private enum Outcome: String, PostgresDecodable {
        case accepted, repeated, used, cancelled, expired, full
        case unknown = "not_found"
        case emailMismatch = "email_mismatch"
        case inviterRevoked = "inviter_revoked"
    }
}

extension Denial {
    fileprivate static var emailNotVerified: Denial {
        Denial(
            Acceptance.accepting,
            team: nil,
            reason: .emailNotVerified,
            problem: Problem(
                403,
                "email_not_verified",
                "Your identity provider does not vouch for an address of yours."
            )
        )
    }

    fileprivate static var unknownInvite: Denial {
        Denial(Acceptance.accepting, team: nil, reason: .unknownInvite, problem: .inviteNotFound)
    }

    /// The operator learns which team it was; the caller does not.
    fileprivate static func emailMismatch(team: ID<Team>) -> Denial {
        Denial(
            Acceptance.accepting,
            team: team.uuid,
            reason: .emailMismatch,
            problem: Problem(403, "invite_email_mismatch", "The invite is for another address than yours.")
        )
    }
}
