import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct AcceptInviteTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team("Zenith", of: owner)
    }

    // Cases: teams 85
    @Test(arguments: [InvitedRole.admin, .member, .viewer])
    func `an invited user becomes a member with the invite's role and its permissions`(role: InvitedRole) throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner, as: role)
        let ada = Caller.stranger(email: "ada@example.com")
        let accepted = try database.call(AcceptInvite.self, invite.acceptance, as: ada)
        #expect(accepted.team == team.id)
        #expect(accepted.teamName == team.name)
        #expect(accepted.role.rawValue == role.rawValue)
        #expect(!accepted.wasMember)
        let seen = try database.call(GetTeam.self, team.reference, as: ada)
        #expect(seen.role?.rawValue == role.rawValue)
        let permissions: [InvitedRole: [Permission]] = [
            .admin: [.read, .write, .delete], .member: [.read, .write], .viewer: [.read],
        ]
        #expect(seen.permissions == permissions[role])
        #expect(
            try database.value(
                """
                SELECT m.id = \(accepted.member) AND m.permissions IS NULL AND i.status = 'accepted'
                       AND i.accepted_by = m.user_id AND i.decided_at IS NOT NULL
                FROM nofx.team_members m, nofx.team_invites i WHERE m.user_id = \(ada.user)
                """
            )
        )
        let entry = try #require(try database.activity(of: team.id).last)
        #expect(entry.action == "invite.accepted")
        #expect(entry.actor == ada.user)
        #expect(entry.resource == invite.id.description)
        #expect(entry.teamName == "Zenith")
        #expect(entry.metadata == #"{"role": "\#(role.rawValue)", "inviteId": "\#(invite.id)"}"#)
    }

    // Cases: teams 86
    @Test(arguments: [("Bob@X.com", "bob@x.com"), ("kim@x.com", "KIM@X.COM")])
    func `an address matches regardless of case`(invited: String, verified: String) throws {
        let invite = try database.invitation(invited, to: team, by: owner)
        #expect(try !database.call(AcceptInvite.self, invite.acceptance, as: .stranger(email: verified)).wasMember)
        #expect(try database.guests(of: team) == ["member"])
    }

    @Test func `the token in the mail and the returned token accept the same invite`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let mailed = InviteToken.make()
        try database.rows(
            "INSERT INTO nofx.team_invite_tokens (token_hash, invite_id) VALUES (\(mailed.hash), \(invite.id))"
        )
        let ada = Caller.stranger(email: "ada@example.com")
        let first = try database.call(AcceptInvite.self, #"{"token":" \#(mailed.text)\n"}"#, as: ada)
        let second = try database.call(AcceptInvite.self, invite.acceptance, as: ada)
        #expect(first.member == second.member)
        #expect(try database.guests(of: team) == ["member"])
    }

    // Cases: teams 98
    @Test func `a second acceptance gets the same answer and changes nothing`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner, as: .viewer)
        let ada = Caller.stranger(email: "ada@example.com")
        let first = try database.call(AcceptInvite.self, invite.acceptance, as: ada)
        let trail = try database.activity(of: team.id).count
        for _ in 0..<2 {
            let again = try database.call(AcceptInvite.self, invite.acceptance, as: ada)
            #expect(again.member == first.member)
            #expect(again.role == .viewer)
            #expect(again.wasMember)
        }
        #expect(try database.activity(of: team.id).count == trail)
        #expect(try database.guests(of: team) == ["viewer"])
    }

    // Cases: teams 93
    @Test func `an owner who accepts an invite as viewer of the own team stays the owner`() throws {
        let invite = try database.invitation("second@example.com", to: team, by: owner, as: .viewer)
        let caller = owner.with(email: "second@example.com")
        let accepted = try database.call(AcceptInvite.self, invite.acceptance, as: caller)
        #expect(accepted.role == .owner)
        #expect(accepted.wasMember)
        #expect(try database.call(GetTeam.self, team.reference, as: owner).role == .owner)
        #expect(try database.value("SELECT count(*) FROM nofx.team_members", as: Int.self) == 1)
        #expect(try database.invites(of: team) == ["second@example.com accepted"])
        let entry = try #require(try database.activity(of: team.id).last { $0.action == "invite.accepted" })
        #expect(entry.metadata == #"{"role": "owner", "inviteId": "\#(invite.id)"}"#)
    }

    // Cases: teams 87
    @Test func `a caller without a verified address is rejected before the database is used`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let lines = LogLines()
        // The credential's reader drops invalid addresses, among them one with a Kelvin sign.
        for email in [nil, "\u{212A}im@example.com"] as [String?] {
            let denial = #expect(throws: Denial.self) {
                try database.call(AcceptInvite.self, invite.acceptance, as: .stranger(email: email), log: lines.log)
            }
            #expect(denial?.reason == .emailNotVerified)
            #expect(denial?.problem.status == 403)
            #expect(denial?.problem.code == "email_not_verified")
        }
        #expect(try database.value("SELECT count(*) FROM nofx.users", as: Int.self) == 1)
        #expect(try database.invites(of: team) == ["ada@example.com pending"])
    }

    // Cases: teams 97
    @Test func `an API key cannot accept an invite, whatever its scopes`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let ada = Caller.stranger(email: "ada@example.com")
        for team in [nil, team] {
            let denial = #expect(throws: Denial.self) {
                let key = ada.key(scopes: .ofMembers, team: team)
                try database.call(AcceptInvite.self, invite.acceptance, as: key)
            }
            #expect(denial?.reason == .sessionRequired)
            #expect(denial?.problem.code == "session_required")
        }
        #expect(try database.value("SELECT count(*) FROM nofx.users", as: Int.self) == 1)
        #expect(try database.invites(of: team) == ["ada@example.com pending"])
    }

    // Cases: teams 88
    @Test func `another user with the token learns nothing of the team, and the attempt is recorded`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let eve = Caller.stranger(email: "eve@example.com")
        let denial = #expect(throws: Denial.self) { try database.call(AcceptInvite.self, invite.acceptance, as: eve) }
        #expect(denial?.reason == .emailMismatch)
        #expect(denial?.team == team.id.uuid)
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "invite_email_mismatch")
        #expect(denial?.problem.members == [:])
        for word in ["Zenith", "zenith", "ada", team.id.description] {
            #expect(denial?.problem.detail.contains(word) == false)
        }
        #expect(try database.invites(of: team) == ["ada@example.com pending"])
        #expect(try database.guests(of: team) == [])
        let ada = Caller.stranger(email: "Ada@example.com")
        #expect(database.refusal(of: AcceptInvite.self, invite.acceptance, as: ada) == nil)
    }

    // Cases: teams 88
    @Test(arguments: [
        "kim@example.co", "kim@example.comm", "k.im@example.com", "kim+a@example.com", "klm@example.com",
        "kim@example.com.evil.test",
    ])
    func `an address that only resembles the invited one does not match`(_ email: String) throws {
        let invite = try database.invitation("kim@example.com", to: team, by: owner)
        let refusal = database.refusal(of: AcceptInvite.self, invite.acceptance, as: .stranger(email: email))
        #expect(refusal == "403 invite_email_mismatch")
    }

    // Cases: teams 89
    @Test func `an unknown token and a malformed one are rejected, each in one form`() throws {
        let invite = try database.invitation("ada@example.com", to: team, by: owner)
        let ada = Caller.stranger(email: "ada@example.com")
        let token = invite.acceptToken.reveal()
        let swapped = token.dropLast(2) + (token.hasSuffix("AA") ? "BA" : "AA")
        for unknown in [InviteToken.make().text, String(swapped)] {
            let denial = #expect(throws: Denial.self) {
                try database.call(AcceptInvite.self, #"{"token":"\#(unknown)"}"#, as: ada)
            }
            #expect(denial?.reason == .unknownInvite)
            #expect(denial?.team == nil)
            #expect(denial?.problem.status == 404)
            #expect(denial?.problem.code == "invite_not_found")
        }
        for junk in [
            json(String(token.dropLast())), json(token + "A"), json(String(token.dropFirst(6))), json(""),
            json("../../etc/passwd"), json(String(repeating: "A", count: 10_240)),
            json("nofxi_" + String(repeating: "A", count: 10_240)), json("nofxi_' OR true --"), json(token + "\u{0}"),
            json(token.uppercased()), "null", "7", "[]", #"["\#(token)"]"#, "{}", "true",
        ] {
            let problem = #expect(throws: Problem.self) {
                try database.call(AcceptInvite.self, #"{"token":\#(junk)}"#, as: ada)
            }
            // U+0000 is already rejected as JSON.
            guard problem?.code != "malformed_json" else { continue }
            #expect(problem?.status == 422)
            #expect(problem?.violations.map(\.field) == ["token"])
        }
        #expect(database.refusal(of: AcceptInvite.self, "{}", as: ada) == "422 validation_failed")
        #expect(try database.invites(of: team) == ["ada@example.com pending"])
    }
}
