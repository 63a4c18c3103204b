import Base
import Core
import Postgres
import TestSupport

@testable import Teams
@testable import nofx

extension TestDatabase {
    /// Invites an address as `inviteMember` does, and returns the invite with its token.
    @discardableResult
    func invitation(
        _ email: String,
        to team: Team,
        by caller: Caller,
        as role: InvitedRole = .member
    ) throws -> NewInvite {
        try call(InviteMember.self, team.invitation(email, #""role":"\#(role.rawValue)""#), as: caller)
    }

    /// Invites a new user, who accepts.
    func accepted(_ email: String, to team: Team, by caller: Caller, as role: InvitedRole = .member) throws -> Caller {
        let guest = Caller.stranger(email: email)
        try call(AcceptInvite.self, invitation(email, to: team, by: caller, as: role).acceptance, as: guest)
        return guest
    }

    /// Makes the invites of an address expire.
    func outlive(_ email: String, by duration: Duration = .seconds(1)) throws {
        try rows(
            "UPDATE nofx.team_invites SET expires_at = now() - \(duration) WHERE email_normalized = \(email)"
        )
    }

    /// The invites of a team, oldest first: address and status.
    func invites(of team: Team) throws -> [String] {
        let rows = try rows(
            "SELECT email || ' ' || status FROM nofx.team_invites WHERE team_id = \(team.id) ORDER BY created_at, id"
        )
        return try (0..<rows.count).map { try rows[$0][0] }
    }

    /// The roles of a team's members other than the owner, in alphabetical order.
    func guests(of team: Team) throws -> [String] {
        let rows = try rows(
            "SELECT role FROM nofx.team_members WHERE team_id = \(team.id) AND role <> 'owner' ORDER BY role"
        )
        return try (0..<rows.count).map { try rows[$0][0] }
    }

    /// The numbers of invites, invite tokens and mail jobs.
    func inviteCounts() throws -> [Int] {
        [
            try value("SELECT count(*) FROM nofx.team_invites"),
            try value("SELECT count(*) FROM nofx.team_invite_tokens"),
            try value("SELECT count(*) FROM nofx.queue WHERE topic = 'mail'"),
        ]
    }
}

extension Team {
    /// The input that invites an address.
    func invitation(_ email: String, _ more: String? = nil) -> String {
        #"{"teamId":"\#(id)","email":\#(json(email))\#(more.map { ",\($0)" } ?? "")}"#
    }

    /// The input that names an invite.
    func cancellation(of invite: ID<Invite>) -> String { #"{"teamId":"\#(id)","inviteId":"\#(invite)"}"# }
}

extension NewInvite {
    /// The input that accepts the invite.
    var acceptance: String { #"{"token":"\#(acceptToken.reveal())"}"# }
}

extension Caller {
    /// The same user with another address.
    func with(email: String?) -> Caller {
        Caller(user: user, issuer: issuer, subject: subject, email: email.flatMap(EmailAddress.init))
    }

    /// The same user with an API key.
    func key(scopes: [Scope], team: Team? = nil) -> Caller {
        Caller(
            user: user,
            issuer: issuer,
            subject: subject,
            email: nil,
            credential: "key:0123456789AB",
            scopes: scopes,
            team: team?.id.uuid
        )
    }
}

/// The JSON text of a value.
func json(_ value: some JSONEncodable) -> String {
    String(decoding: value.jsonBytes, as: UTF8.self)
}
