import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

/// Acceptances of invites that are no longer pending.
@Suite struct AcceptDecidedInviteTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let ada = Caller.stranger(email: "ada@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    private func refusal(of invite: NewInvite, quotas: Quotas = Quotas()) -> String? {
        database.refusal(of: AcceptInvite.self, invite.acceptance, as: ada, quotas: quotas)
    }

    // Cases: teams 90
    @Test func `an invite expires by the database's clock, to the millisecond`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        try database.outlive("ada@example.com", by: .milliseconds(1))
        #expect(refusal(of: invite) == "409 invite_expired")
        #expect(try database.guests(of: team) == [])
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created", "invite.sent"])
    }

    @Test func `an accepted invite cannot be used again, not even after its member has left`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        try database.call(AcceptInvite.self, invite.acceptance, as: ada)
        let namesake = Caller.stranger(email: "ada@example.com")
        #expect(database.refusal(of: AcceptInvite.self, invite.acceptance, as: namesake) == "409 invite_used")
        try database.call(LeaveTeam.self, team.reference, as: ada)
        #expect(refusal(of: invite) == "409 invite_used")
        #expect(try database.guests(of: team) == [])
    }

    // Cases: teams 69, 96
    @Test func `an invite that was pending when its team was deleted stays cancelled after a restore`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(refusal(of: invite) == "404 invite_not_found")
        try database.call(RestoreTeam.self, team.reference, as: owner)
        #expect(refusal(of: invite) == "409 invite_cancelled")
        #expect(try database.guests(of: team) == [])
    }

    // Cases: teams 82
    @Test func `an invite ends when its inviter leaves the team or may no longer invite`() throws {
        let removed = try database.accepted("removed@example.com", to: team, by: owner, as: .admin)
        let demoted = try database.accepted("demoted@example.com", to: team, by: owner, as: .admin)
        let first = try database.invitation("ada@example.com", to: team, by: removed)
        let id = try memberID(of: removed)
        try database.call(RemoveMember.self, team.changes(#""memberId":"\#(id)""#), as: owner)
        #expect(refusal(of: first) == "409 invite_cancelled")
        let second = try database.invitation("ada@example.com", to: team, by: demoted)
        let other = try memberID(of: demoted)
        try database.call(UpdateMemberRole.self, team.changes(#""memberId":"\#(other)","role":"member""#), as: owner)
        #expect(refusal(of: second) == "409 invite_cancelled")
        #expect(try database.guests(of: team) == ["member"])
    }

    @Test func `a pending invite of an inviter who may no longer invite is rejected`() throws {
        let admin = try database.member(of: team, as: .admin)
        let invite = try database.invitation("ada@example.com", to: team, by: admin)
        try database.rows("UPDATE nofx.team_members SET permissions = '{read,write}' WHERE user_id = \(admin.user)")
        #expect(refusal(of: invite) == "409 inviter_revoked")
        try database.rows(
            "UPDATE nofx.team_members SET permissions = NULL, role = 'viewer' WHERE user_id = \(admin.user)"
        )
        #expect(refusal(of: invite) == "409 inviter_revoked")
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(admin.user)")
        #expect(refusal(of: invite) == "409 inviter_revoked")
        #expect(try database.guests(of: team) == [])
        #expect(try database.invites(of: team) == ["ada@example.com pending"])
    }

    @Test func `an invite ends when its inviter's role falls below the invited role`() throws {
        let admin = try database.accepted("admin@example.com", to: team, by: owner, as: .admin)
        let invite = try database.invitation("ada@example.com", to: team, by: admin, as: .admin)
        try database.invitation("grace@example.com", to: team, by: admin, as: .member)
        let id = try memberID(of: admin)
        let change = team.changes(#""memberId":"\#(id)","role":"member","permissions":["read","write","admin"]"#)
        try database.call(UpdateMemberRole.self, change, as: owner)
        #expect(refusal(of: invite) == "409 invite_cancelled")
        #expect(
            try database.invites(of: team) == [
                "admin@example.com accepted", "ada@example.com cancelled", "grace@example.com pending",
            ]
        )
        try database.rows(
            "UPDATE nofx.team_invites SET status = 'pending', decided_at = NULL WHERE email = 'ada@example.com'"
        )
        #expect(refusal(of: invite) == "409 inviter_revoked")
        #expect(try database.guests(of: team) == ["member"])
    }

    @Test func `a full team rejects an acceptance, and the invite stays valid`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let member = try database.member(of: team, as: .member)
        var quotas = Quotas()
        quotas.members = 2
        let problem = #expect(throws: Problem.self) {
            try database.call(AcceptInvite.self, invite.acceptance, as: ada, quotas: quotas)
        }
        #expect(problem?.status == 403)
        #expect(problem?.code == "quota_exceeded")
        #expect(problem?.members == ["quota": "members"])
        #expect(try database.invites(of: team) == ["ada@example.com pending"])
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(member.user)")
        #expect(refusal(of: invite, quotas: quotas) == nil)
        // A caller who is already a member needs no free place.
        #expect(refusal(of: invite, quotas: quotas) == nil)
    }

    private func memberID(of caller: Caller) throws -> UUID {
        try database.value("SELECT id FROM nofx.team_members WHERE team_id = \(team.id) AND user_id = \(caller.user)")
    }
}
