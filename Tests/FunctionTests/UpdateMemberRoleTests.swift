import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct UpdateMemberRoleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let actor: Role
        let override: [Permission]?
        let target: Role
        let role: String
        let refusal: String?

        init(_ actor: Role, _ override: [Permission]? = nil, makes target: Role, _ role: String, _ refusal: String?) {
            self.actor = actor
            self.override = override
            self.target = target
            self.role = role
            self.refusal = refusal
        }

        var testDescription: String { "\(actor) \(override?.description ?? "") makes \(target) \(role)" }
    }

    static let cases: [Case] = [
        Case(.owner, makes: .admin, "member", nil), Case(.owner, makes: .admin, "admin", nil),
        Case(.owner, makes: .viewer, "admin", nil), Case(.owner, makes: .member, "owner", "422 role_not_assignable"),
        Case(.admin, makes: .owner, "member", "409 owner_role_immutable"),
        Case(.admin, makes: .owner, "owner", "409 owner_role_immutable"),
        Case(.admin, makes: .admin, "member", "403 role_too_high"),
        Case(.admin, makes: .admin, "admin", "403 role_too_high"),
        Case(.admin, makes: .member, "viewer", nil), Case(.admin, makes: .member, "admin", nil),
        Case(.admin, makes: .viewer, "admin", nil), Case(.admin, makes: .viewer, "owner", "422 role_not_assignable"),
        Case(.admin, [.read, .write], makes: .viewer, "member", "403 forbidden"),
        Case(.member, makes: .owner, "viewer", "403 forbidden"),
        Case(.member, makes: .admin, "member", "403 forbidden"),
        Case(.member, makes: .viewer, "owner", "403 forbidden"),
        Case(.member, [.read, .write, .admin], makes: .viewer, "member", nil),
        Case(.member, [.admin], makes: .viewer, "member", "403 role_too_high"),
        Case(.member, [.admin], makes: .viewer, "admin", "403 role_too_high"),
        Case(.member, [.admin], makes: .member, "viewer", "403 role_too_high"),
        Case(.member, [.admin], makes: .admin, "viewer", "403 role_too_high"),
        Case(.viewer, makes: .member, "viewer", "403 forbidden"),
        Case(.viewer, [.admin], makes: .viewer, "viewer", "403 role_too_high"),
    ]

    // Cases: teams 99, 102
    @Test(arguments: cases)
    func `a caller manages lower roles, and grants at most the caller's own role`(_ one: Case) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let actor =
            one.actor == .owner ? owner : try database.member(of: team, as: one.actor, permissions: one.override)
        let target = one.target == .owner ? owner : try database.member(of: team, as: one.target)
        let before = try database.roll(of: team)
        let input = team.event(on: try database.membership(of: target, in: team), #""role":"\#(one.role)""#)
        #expect(database.refusal(of: UpdateMemberRole.self, input, as: actor) == one.refusal)
        if one.refusal == nil {
            #expect(try database.role(of: target, in: team)?.rawValue == one.role)
        } else {
            #expect(try database.roll(of: team) == before)
        }
        #expect(try database.activity(of: team.id).count == (one.refusal == nil ? 2 : 1))
    }

    @Test func `the changed member is returned, and the change is recorded without addresses`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let viewer = Caller.stranger(email: "viewer@example.com")
        #expect(database.refusal(of: GetTeam.self, team.reference, as: viewer) == "404 team_not_found")
        try database.add(viewer, to: team, as: .viewer)
        let id = try database.membership(of: viewer, in: team)
        let member = try database.call(UpdateMemberRole.self, team.event(on: id, #""role":"member""#), as: owner)
        #expect(member.id == id)
        #expect(member.user == viewer.user)
        #expect(member.email == "viewer@example.com")
        #expect(member.role == .member)
        #expect(member.permissions == [.read, .write])
        #expect(member.override == nil)
        #expect(member.updatedAt.microsecondsSince1970 > member.joinedAt.microsecondsSince1970)
        let entry = try #require(try database.activity(of: team.id).last)
        #expect(entry.action == "member.role_updated")
        #expect(entry.actor == owner.user)
        #expect(entry.resource == id.description)
        #expect(
            entry.metadata
                == #"{"role": "member", "userId": "\#(viewer.user)", "oldRole": "viewer", "override": null}"#
        )
    }

    // Cases: teams 100
    @Test func `a member cannot change the own role, in any spelling of the id`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        for caller in [owner, admin] {
            let id = try database.membership(of: caller, in: team).description
            for name in [id, id.uppercased()] {
                for change in [
                    #""role":"admin""#, #""role":"viewer""#, #""permissions":["admin"]"#, #""role":"owner""#,
                ] {
                    let denial = #expect(throws: Denial.self) {
                        let input = team.changes(#""memberId":"\#(name)",\#(change)"#)
                        try database.call(UpdateMemberRole.self, input, as: caller)
                    }
                    #expect(denial?.problem.status == 403)
                    #expect(denial?.problem.code == "cannot_change_own_role")
                    #expect(denial?.reason == .ownRole)
                }
            }
        }
        #expect(try database.role(of: admin, in: team) == .admin)
        #expect(try database.role(of: owner, in: team) == .owner)
    }

    // Cases: teams 101
    @Test func `the role owner is rejected as a violation of the field`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let input = team.event(on: try database.membership(of: member, in: team), #""role":"owner""#)
        let problem = #expect(throws: Problem.self) { try database.call(UpdateMemberRole.self, input, as: owner) }
        #expect(problem?.code == "role_not_assignable")
        #expect(problem?.violations.map(\.field) == ["role"])
        #expect(problem?.violations.map(\.code) == [.invalidEnum])
    }

    // Cases: teams 103
    @Test func `an override cannot grant a permission that the caller lacks`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        let viewer = try database.member(of: team, as: .viewer)
        let id = try database.membership(of: viewer, in: team)
        let managing = team.event(on: id, #""permissions":["read","admin"]"#)
        let denial = #expect(throws: Denial.self) { try database.call(UpdateMemberRole.self, managing, as: admin) }
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "role_too_high")
        #expect(denial?.reason == .roleTooHigh)
        #expect(denial?.role == .admin)
        #expect(denial?.action.name == "member.update_role")
        let given = try database.call(
            UpdateMemberRole.self,
            team.event(on: id, #""permissions":["delete","read"]"#),
            as: admin
        )
        #expect(given.override == [.read, .delete])
        #expect(given.permissions == [.read, .delete])
        #expect(given.role == .viewer)
        #expect(try database.call(UpdateMemberRole.self, managing, as: owner).permissions == [.read, .admin])
    }

    // Cases: teams 106
    @Test func `an override is kept until it is named, and null removes it`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .viewer, permissions: [.read, .write])
        let id = try database.membership(of: member, in: team)
        let promoted = try database.call(UpdateMemberRole.self, team.event(on: id, #""role":"admin""#), as: owner)
        #expect(promoted.override == [.read, .write])
        #expect(promoted.permissions == [.read, .write])
        let cleared = try database.call(UpdateMemberRole.self, team.event(on: id, #""permissions":null"#), as: owner)
        #expect(cleared.override == nil)
        #expect(cleared.role == .admin)
        #expect(cleared.permissions == [.read, .write, .delete])
        let both = try database.call(
            UpdateMemberRole.self,
            team.event(on: id, #""role":"member","permissions":[]"#),
            as: owner
        )
        #expect(both.role == .member)
        #expect(both.override == [])
        #expect(both.permissions.isEmpty)
        #expect(database.refusal(of: GetTeam.self, team.reference, as: member) == "403 forbidden")
    }

    // Cases: teams 105
    @Test(arguments: [
        #""permissions":["write","WRITE"]"#, #""permissions":["read","read"]"#, #""permissions":[null]"#,
        #""permissions":"readwrite""#, #""permissions":["read","write","delete","admin","read"]"#,
        #""permissions":{"read":true}"#, #""permissions":["owner"]"#, #""role":"Admin""#, #""role":"admin,owner""#,
        #""role":["admin"]"#, #""role":"root""#, #""role":"""#, #""role":7"#, #""role":"admin","userId":null"#,
        #""role":"admin","override":[]"#, #""role":null"#,
    ])
    func `an invalid change is rejected`(_ change: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let before = try database.roll(of: team)
        let input = team.event(on: try database.membership(of: member, in: team), change)
        #expect(database.refusal(of: UpdateMemberRole.self, input, as: owner) == "422 validation_failed")
        #expect(try database.roll(of: team) == before)
    }

    @Test func `a change without fields is rejected`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let problem = #expect(throws: Problem.self) {
            let input = team.event(on: try database.membership(of: member, in: team))
            try database.call(UpdateMemberRole.self, input, as: owner)
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.code) == [.required])
    }

    // Cases: teams 104
    @Test func `a member of another team and an unknown member are not found`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team(of: .stranger()))
        let foreigner = try database.member(of: other, as: .viewer)
        let before = try database.roll(of: other)
        for id in [try database.membership(of: foreigner, in: other), ID<Member>.make()] {
            let input = team.event(on: id, #""role":"admin""#)
            #expect(database.refusal(of: UpdateMemberRole.self, input, as: owner) == "404 member_not_found")
        }
        let input = other.event(on: try database.membership(of: foreigner, in: other), #""role":"admin""#)
        #expect(database.refusal(of: UpdateMemberRole.self, input, as: owner) == "404 team_not_found")
        let person = #"{"teamId":"\#(team.id)","memberId":"\#(owner.user)","role":"admin"}"#
        #expect(database.refusal(of: UpdateMemberRole.self, person, as: owner) == "404 member_not_found")
        #expect(try database.roll(of: other) == before)
    }

    // Cases: teams 82
    @Test func `the pending invites of a member who may no longer invite are cancelled`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        let id = try database.membership(of: admin, in: team)
        try database.invite("a@example.com", to: team, by: admin)
        try database.invite("b@example.com", to: team, by: owner)
        let steps: [(change: String, state: String)] = [
            (#""permissions":["read","write","admin"]"#, "pending"), (#""role":"member""#, "pending"),
            (#""permissions":["read"]"#, "cancelled"),
        ]
        for step in steps {
            try database.call(UpdateMemberRole.self, team.event(on: id, step.change), as: owner)
            #expect(try database.invites(by: admin, to: team) == [step.state], "\(step.change)")
        }
        #expect(try database.invites(by: owner, to: team) == ["pending"])
    }

    @Test func `a refused call names the missing permission`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let (member, viewer) = (try database.member(of: team, as: .member), try database.member(of: team, as: .viewer))
        let input = team.event(on: try database.membership(of: viewer, in: team), #""role":"member""#)
        let denial = #expect(throws: Denial.self) { try database.call(UpdateMemberRole.self, input, as: member) }
        #expect(denial?.problem.code == "forbidden")
        #expect(denial?.problem.members == ["requiredPermission": "admin"])
        #expect(denial?.reason == .missingPermission)
        #expect(denial?.role == .member)
        #expect(denial?.team == team.id.uuid)
        #expect(database.refusal(of: UpdateMemberRole.self, input, as: .stranger()) == "404 team_not_found")
    }

    @Test func `an API key needs the scope admin`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let viewer = try database.member(of: team, as: .viewer)
        let input = team.event(on: try database.membership(of: viewer, in: team), #""role":"member""#)
        let writing = owner.throughKey([.read, .write, .delete])
        #expect(database.refusal(of: UpdateMemberRole.self, input, as: writing) == "403 insufficient_scope")
        #expect(database.refusal(of: UpdateMemberRole.self, input, as: owner.throughKey([.admin])) == nil)
        #expect(try database.activity(of: team.id).last?.credential == "key:0123456789ab")
    }
}
