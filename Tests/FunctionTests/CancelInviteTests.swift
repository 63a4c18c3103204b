import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct CancelInviteTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    private func refusal(_ invite: ID<Invite>, as caller: Caller? = nil) -> String? {
        database.refusal(of: CancelInvite.self, team.cancellation(of: invite), as: caller ?? owner)
    }

    // Cases: teams 83
    @Test func `a pending invite is cancelled once and returned`() throws {
        let invite = try database.invitation("Ada@example.com", to: team, by: owner, as: .viewer)
        let cancelled = try database.call(CancelInvite.self, team.cancellation(of: invite.id), as: owner)
        #expect(cancelled.id == invite.id)
        #expect(cancelled.email == "Ada@example.com")
        #expect(cancelled.role == .viewer)
        #expect(cancelled.status == .cancelled)
        #expect(cancelled.inviter == owner.user)
        #expect(cancelled.createdAt == invite.createdAt)
        #expect(cancelled.expiresAt == invite.expiresAt)
        #expect(cancelled.decidedAt != nil)
        #expect(refusal(invite.id) == "409 invite_cancelled")
        let entries = try database.activity(of: team.id)
        #expect(entries.map(\.action) == ["team.created", "invite.sent", "invite.cancelled"])
        #expect(entries.last?.metadata == #"{"role": "viewer", "inviteId": "\#(invite.id)"}"#)
        #expect(entries.last?.resource == invite.id.description)
        #expect(entries.last?.actor == owner.user)
    }

    @Test func `after a cancellation no token works, and the address can be invited again`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let mailed = InviteToken.make()
        try database.rows(
            "INSERT INTO nofx.team_invite_tokens (token_hash, invite_id) VALUES (\(mailed.hash), \(invite.id))"
        )
        try database.call(CancelInvite.self, team.cancellation(of: invite.id), as: owner)
        let ada = Caller.stranger(email: "ada@example.com")
        for event in [invite.acceptance, #"{"token":"\#(mailed.text)"}"#] {
            #expect(database.refusal(of: AcceptInvite.self, event, as: ada) == "409 invite_cancelled")
        }
        #expect(try database.guests(of: team) == [])
        let again = try database.invitation("ada@example.com", to: team, by: owner)
        try database.call(AcceptInvite.self, again.acceptance, as: ada)
        #expect(try database.guests(of: team) == ["member"])
    }

    // Cases: teams 83
    @Test func `accepted and expired invites cannot be cancelled and do not change`() throws {
        let accepted = try database.invitation("a@example.com", to: team, by: owner)
        try database.call(AcceptInvite.self, accepted.acceptance, as: .stranger(email: "a@example.com"))
        #expect(refusal(accepted.id) == "409 invite_accepted")
        let past = try database.invitation("b@example.com", to: team, by: owner)
        try database.outlive("b@example.com")
        #expect(refusal(past.id) == "409 invite_expired")
        #expect(try database.invites(of: team) == ["a@example.com accepted", "b@example.com pending"])
        #expect(try database.guests(of: team) == ["member"])
    }

    // Cases: teams 83
    @Test func `an invite of another team is reported like an unknown one`() throws {
        let other = try database.team("Other", of: owner)
        let foreign = try database.invitation("a@example.com", to: other, by: owner)
        #expect(refusal(foreign.id) == "404 invite_not_found")
        #expect(refusal(.make()) == "404 invite_not_found")
        #expect(try database.invites(of: other) == ["a@example.com pending"])
    }

    @Test func `managers of members may cancel anyone's invite, and other members may not`() throws {
        let invite = try database.invitation("a@example.com", to: team, by: owner)
        for (role, permissions) in [(Role.member, nil), (.viewer, nil), (.admin, [Permission.write])]
            as [(Role, [Permission]?)]
        {
            let caller = try database.member(of: team, as: role, permissions: permissions)
            #expect(refusal(invite.id, as: caller) == "403 forbidden")
            // They do not learn whether the invite exists.
            #expect(refusal(.make(), as: caller) == "403 forbidden")
        }
        #expect(refusal(invite.id, as: .stranger()) == "404 team_not_found")
        #expect(refusal(invite.id, as: owner.key(scopes: [.write])) == "403 insufficient_scope")
        #expect(try database.invites(of: team) == ["a@example.com pending"])
        let admin = try database.member(of: team, as: .admin)
        #expect(try database.call(CancelInvite.self, team.cancellation(of: invite.id), as: admin).status == .cancelled)
    }

    @Test func `invites of a deleted team cannot be cancelled`() throws {
        let invite = try database.invitation("a@example.com", to: team, by: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(refusal(invite.id) == "404 team_not_found")
    }
}
