public import Base
public import Core
import Postgres

extension AcceptedInvite {
    /// The input of acceptInvite.
    public struct Request: InputObject {
        let token: InviteToken

        public static let schema = Schema(
            Field("token", InviteToken.self, "The invite's token, from the mail or from the inviter."),
            into: Request.init
        )
    }

    private static var accepting: Action {
        Action("invite.accept", needs: .write, sessionOnly: true, refusal: "Insufficient permissions to accept invites")
    }

    /// Makes the caller a member of the team that invited them.
    ///
    /// Both the token and the verified e-mail address must match, so a stolen token is of no use to another user.
    /// Accepting again changes nothing and returns the membership.
    ///
    /// - Throws: A `Denial` for an API key, for a caller without a verified address or with another address than the
    ///   invited one, and for an unknown token; 409 `invite_used`, `invite_cancelled`, `invite_expired` and
    ///   `inviter_revoked`, 403 `quota_exceeded`.
    public static func accept(_ request: Request, in context: inout Context) throws -> AcceptedInvite {
        _ = try context.user(attempting: accepting)
        guard let email = context.caller?.email else { throw Denial.emailNotVerified(accepting) }
        let seats = context.quotas.members
        let entry = context.auditEntry(
            "invite.accepted",
            of: "a.team_id",
            named: "a.team_name",
            on: "invite",
            "a.invite_id",
            metadata: "json_build_object('inviteId', a.invite_id, 'role', a.role)",
            if: "a.outcome = 'accepted'"
        )
        let rows = try context.write(
            """
            SELECT a.*, \(fragment: entry.columns)
            FROM nofx.accept_invite(\(request.token.hash), \(email.normalized), \(seats)::integer) a
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        switch try row["outcome"] as Outcome {
        case .accepted:
            try context.reportIfLost(entry, row)
            return try AcceptedInvite(row: row)
        case .repeated: return try AcceptedInvite(row: row)
        case .unknown: throw Denial.unknownInvite(accepting)
        case .emailMismatch: throw Denial.emailMismatch(accepting, team: try row["team_id"])
        case .used: throw Problem.inviteUsed
        case .cancelled: throw Problem.inviteDecided(.cancelled)
        case .expired: throw Problem.inviteDecided(.expired)
        case .inviterRevoked: throw Problem.inviterRevoked
        case .full: throw Problem.quotaExceeded(.members, seats)
        }
    }

    /// The outcome of `nofx.accept_invite`.
    private enum Outcome: String, PostgresDecodable {
        case accepted, repeated, used, cancelled, expired, full
        case unknown = "not_found"
        case emailMismatch = "email_mismatch"
        case inviterRevoked = "inviter_revoked"
    }
}
