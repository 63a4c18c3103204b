import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct InviteMemberTests {
    private let database: TestDatabase
    private let owner = Caller.stranger(email: "owner@example.com")
    private let team: Team

    init() throws {
        database = try TestDatabase()
        team = try database.team(of: owner)
    }

    // Cases: teams 70
    @Test func `an owner invites and gets a token, of which the database stores a 32-byte hash`() throws {
        let lines = LogLines()
        let input = team.invitation("Ada@Example.com", #""role":"viewer","message":"Come in.\nWe have cake.""#)
        let invite = try database.call(InviteMember.self, input, as: owner, log: lines.log)
        let token = invite.acceptToken.reveal()

        #expect(invite.email == "Ada@Example.com")
        #expect(invite.role == .viewer)
        #expect(invite.status == .pending)
        let life = invite.expiresAt.microsecondsSince1970 - invite.createdAt.microsecondsSince1970
        #expect(life == 7 * 86_400 * 1_000_000)
        #expect(
            try database.value(
                """
                SELECT to_jsonb(i) - '{created_at,expires_at}'::text[] = jsonb_build_object(
                    'id', \(invite.id), 'team_id', \(team.id), 'email', 'Ada@Example.com',
                    'email_normalized', 'ada@example.com', 'role', 'viewer', 'invited_by', \(owner.user),
                    'message', E'Come in.\nWe have cake.', 'status', 'pending', 'decided_at', NULL, 'accepted_by', NULL)
                FROM nofx.team_invites i
                """
            )
        )
        #expect(
            try database.value(
                """
                SELECT count(*) = 1 AND bool_and(octet_length(token_hash) = 32 AND invite_id = \(invite.id)
                                                 AND token_hash = sha256(convert_to(\(token), 'UTF8')))
                FROM nofx.team_invite_tokens
                """
            )
        )
        #expect(
            try database.value(
                """
                SELECT count(*) = 1 AND bool_and(topic = 'mail' AND tenant_id = \(team.id) AND state = 'available'
                                                 AND payload ->> 'inviteId' = \(invite.id)::text)
                FROM nofx.queue
                """
            )
        )
        #expect(lines.all.isEmpty)
    }

    // Cases: teams 70
    @Test func `an admin invites up to admins, and the default role is member`() throws {
        let admin = try database.member(of: team, as: .admin)
        #expect(try database.call(InviteMember.self, team.invitation("a@example.com"), as: admin).role == .member)
        for role in ["admin", "member", "viewer"] {
            let input = team.invitation("\(role)@example.com", #""role":"\#(role)""#)
            #expect(try database.call(InviteMember.self, input, as: admin).role.rawValue == role)
        }
        let unsaid = team.invitation("b@example.com", #""role":null"#)
        #expect(try database.call(InviteMember.self, unsaid, as: owner).role == .member)
    }

    // Cases: teams 71
    @Test(arguments: [Role.member, .viewer])
    func `members and viewers may not invite, and the attempt leaves no invite`(role: Role) throws {
        let caller = try database.member(of: team, as: role)
        let denial = #expect(throws: Denial.self) {
            try database.call(InviteMember.self, team.invitation("a@example.com"), as: caller)
        }
        #expect(denial?.reason == .missingPermission)
        #expect(denial?.action.name == "invite.send")
        #expect(denial?.role == role)
        #expect(denial?.team == team.id.uuid)
        #expect(denial?.problem.code == "forbidden")
        #expect(denial?.problem.members == ["requiredPermission": "admin"])
        #expect(try database.inviteCounts() == [0, 0, 0])
        #expect(try database.activity(of: team.id).map(\.action) == ["team.created"])
    }

    // Cases: teams 72
    @Test func `an override with admin lets a member invite up to members, and one without it no admin at all`() throws
    {
        let member = try database.member(of: team, as: .member, permissions: [.read, .write, .admin])
        #expect(try database.call(InviteMember.self, team.invitation("a@example.com"), as: member).role == .member)
        let denial = #expect(throws: Denial.self) {
            try database.call(InviteMember.self, team.invitation("b@example.com", #""role":"admin""#), as: member)
        }
        #expect(denial?.reason == .roleTooHigh)
        #expect(denial?.problem.code == "role_too_high")
        let narrowed = try database.member(of: team, as: .admin, permissions: [.read, .write, .delete])
        #expect(
            database.refusal(of: InviteMember.self, team.invitation("b@example.com"), as: narrowed) == "403 forbidden"
        )
        #expect(try database.invites(of: team) == ["a@example.com pending"])
    }

    // Cases: teams 74
    @Test func `an address has one pending invite per team, in any spelling`() throws {
        _ = try database.invitation("U2@X.com", to: team, by: owner)
        #expect(
            database.refusal(of: InviteMember.self, team.invitation("u2@x.com"), as: owner) == "409 invite_pending"
        )
        #expect(
            database.refusal(of: InviteMember.self, team.invitation(" u2@X.COM\n"), as: owner) == "409 invite_pending"
        )
        #expect(try database.inviteCounts() == [1, 1, 1])
        // Another team's invite is independent.
        let other = try database.team("Other", of: owner)
        _ = try database.invitation("u2@x.com", to: other, by: owner)
    }

    // Cases: teams 76
    @Test func `an address of a member is not invited, in any spelling`() throws {
        let member = Caller.stranger(email: "Bob@Example.com")
        try database.call(ListTeams.self, "{}", as: member)
        try database.add(member, to: team, as: .viewer)
        for email in ["bob@example.com", "BOB@EXAMPLE.COM", "Owner@example.com"] {
            #expect(database.refusal(of: InviteMember.self, team.invitation(email), as: owner) == "409 already_member")
        }
        // The other team has only its owner as a member, so it can invite this address.
        let other = try database.team("Other", of: owner)
        _ = try database.invitation("bob@example.com", to: other, by: owner)
    }

    // Cases: teams 77
    @Test func `an expired invite can be replaced, and its token stays invalid`() throws {
        let old = try database.invitation("Ada@example.com", to: team, by: owner)
        try database.outlive("ada@example.com")
        let new = try database.invitation("ada@example.com", to: team, by: owner)
        #expect(try database.invites(of: team) == ["Ada@example.com expired", "ada@example.com pending"])
        let ada = Caller.stranger(email: "ada@example.com")
        #expect(database.refusal(of: AcceptInvite.self, old.acceptance, as: ada) == "409 invite_expired")
        #expect(database.refusal(of: AcceptInvite.self, new.acceptance, as: ada) == nil)
    }

    @Test func `a caller who may not invite does not close an expired invite`() throws {
        _ = try database.invitation("ada@example.com", to: team, by: owner)
        try database.outlive("ada@example.com")
        let member = try database.member(of: team, as: .member)
        let refusal = database.refusal(of: InviteMember.self, team.invitation("ada@example.com"), as: member)
        #expect(refusal == "403 forbidden")
        #expect(try database.invites(of: team) == ["ada@example.com pending"])
    }

    @Test func `strangers get the same answer for unknown, foreign and deleted teams`() throws {
        let stranger = Caller.stranger(email: "s@example.com")
        let input = team.invitation("a@example.com")
        #expect(database.refusal(of: InviteMember.self, input, as: stranger) == "404 team_not_found")
        let nowhere = #"{"teamId":"\#(UUID.v7())","email":"a@example.com"}"#
        #expect(database.refusal(of: InviteMember.self, nowhere, as: owner) == "404 team_not_found")
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(database.refusal(of: InviteMember.self, input, as: owner) == "404 team_not_found")
        #expect(try database.inviteCounts() == [0, 0, 0])
    }

    @Test func `an API key with the scope admin invites into its own team`() throws {
        let input = team.invitation("a@example.com")
        let narrow = owner.key(scopes: [.read, .write, .delete])
        #expect(database.refusal(of: InviteMember.self, input, as: narrow) == "403 insufficient_scope")
        let other = try database.team("Other", of: owner)
        let foreign = owner.key(scopes: [.admin], team: other)
        #expect(database.refusal(of: InviteMember.self, input, as: foreign) == "404 team_not_found")
        try database.call(InviteMember.self, input, as: owner.key(scopes: [.admin], team: team))
    }

    // Cases: teams 129
    @Test func `the audit trail has the invite and its role, but not the address or message`() throws {
        let lines = LogLines()
        let input = team.invitation("ada.lovelace@example.com", #""message":"Psst, a surprise!""#)
        let invite = try database.call(InviteMember.self, input, as: owner, log: lines.log)
        let entry = try #require(try database.activity(of: team.id).last)
        #expect(entry.action == "invite.sent")
        #expect(entry.actor == owner.user)
        #expect(entry.resource == invite.id.description)
        #expect(entry.metadata == #"{"role": "member", "inviteId": "\#(invite.id)"}"#)
        let trail: String = try database.value("SELECT string_agg(a::text, ' ') FROM nofx.team_activity a")
        for word in ["lovelace", "Psst", "nofxi_"] {
            #expect(!trail.contains(word))
            #expect(lines.containing(word).isEmpty)
        }
    }

    @Test func `if the audit trail cannot be written the invite is created and the loss is logged`() throws {
        try database.rows("DROP TABLE nofx.team_activity")
        let lines = LogLines()
        let input = team.invitation("ada.lovelace@example.com", #""message":"Psst""#)
        let invite = try database.call(InviteMember.self, input, as: owner, log: lines.log)
        let lost = lines.containing("activity.lost")
        #expect(lost.count == 1)
        #expect(lost.allSatisfy { $0.contains(#""inviteId":"\#(invite.id)","role":"member""#) })
        for word in ["lovelace", "Psst", "nofxi_"] { #expect(lines.containing(word).isEmpty) }
        #expect(try database.inviteCounts() == [1, 1, 1])
    }
}
