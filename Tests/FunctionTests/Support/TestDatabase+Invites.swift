import Base
import Core
import Postgres
import TestSupport

@testable import Teams
@testable import nofx

extension TestDatabase {
    /// Invites an address as `inviteMember` does, and gets its token.
    @discardableResult
    func invitation(
        _ email: String,
        to team: Team,
        by caller: Caller,
        as role: InvitedRole = .member
    ) throws -> NewInvite {
        try call(InviteMember.self, team.invitation(email, #""role":"\#(role.rawValue)""#), as: caller)
    }

    /// Invites somebody new, who accepts.
    func accepted(_ email: String, to team: Team, by caller: Caller, as role: InvitedRole = .member) throws -> Caller {
        let guest = Caller.stranger(email: email)
        try call(AcceptInvite.self, invitation(email, to: team, by: caller, as: role).acceptance, as: guest)
        return guest
    }

    /// Makes it so late that the invites of an address cannot be accepted any more.
    func outlive(_ email: String, by duration: Duration = .seconds(1)) throws {
        try rows(
            "UPDATE nofx.team_invites SET expires_at = now() - \(duration) WHERE email_normalized = \(email)"
        )
    }

    /// The invites of a team, the oldest first: address and what its row says of it.
    func invites(of team: Team) throws -> [String] {
        let rows = try rows(
            "SELECT email || ' ' || status FROM nofx.team_invites WHERE team_id = \(team.id) ORDER BY created_at, id"
        )
        return try (0..<rows.count).map { try rows[$0][0] }
    }

    /// The members of a team besides its owner: roles, in alphabetical order.
    func guests(of team: Team) throws -> [String] {
        let rows = try rows(
            "SELECT role FROM nofx.team_members WHERE team_id = \(team.id) AND role <> 'owner' ORDER BY role"
        )
        return try (0..<rows.count).map { try rows[$0][0] }
    }

    /// How many invites, tokens and orders to mail there are.
    func inviteCounts() throws -> [Int] {
        [
            try value("SELECT count(*) FROM nofx.team_invites"),
            try value("SELECT count(*) FROM nofx.team_invite_tokens"),
            try value("SELECT count(*) FROM nofx.queue WHERE topic = 'mail'"),
        ]
    }
}

extension Team {
    /// An event that invites an address.
    func invitation(_ email: String, _ more: String? = nil) -> String {
        #"{"teamId":"\#(id)","email":\#(json(email))\#(more.map { ",\($0)" } ?? "")}"#
    }

    /// An event that names an invite.
    func cancellation(of invite: ID<Invite>) -> String { #"{"teamId":"\#(id)","inviteId":"\#(invite)"}"# }
}

extension NewInvite {
    /// The event that accepts the invite.
    var acceptance: String { #"{"token":"\#(acceptToken.reveal())"}"# }
}

extension Caller {
    /// The same person with another address.
    func with(email: String?) -> Caller {
        Caller(user: user, issuer: issuer, subject: subject, email: email.flatMap(EmailAddress.init))
    }

    /// The same person's API key.
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

/// A value as JSON.
func json(_ value: some JSONEncodable) -> String {
    String(decoding: value.jsonBytes, as: UTF8.self)
}
