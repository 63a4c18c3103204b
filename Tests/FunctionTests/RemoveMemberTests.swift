import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct RemoveMemberTests {
    static let cases: [(actor: Role, override: [Permission]?, target: Role, refusal: String?)] = [
        (.owner, nil, .admin, nil), (.owner, nil, .member, nil), (.owner, nil, .viewer, nil),
        (.admin, nil, .owner, "409 owner_cannot_be_removed"), (.admin, nil, .admin, "403 role_too_high"),
        (.admin, nil, .member, nil), (.admin, nil, .viewer, nil), (.admin, [.read, .write], .viewer, "403 forbidden"),
        (.member, nil, .viewer, "403 forbidden"), (.member, nil, .owner, "403 forbidden"),
        (.member, [.admin], .viewer, nil), (.member, [.admin], .member, "403 role_too_high"),
        (.member, [.admin], .owner, "409 owner_cannot_be_removed"), (.viewer, nil, .viewer, "403 forbidden"),
        (.viewer, [.admin], .viewer, "403 role_too_high"),
    ]

    // Cases: teams 99, 102
    @Test(arguments: cases)
    func `a member is removed only by a higher role`(
        _ one: (actor: Role, override: [Permission]?, target: Role, refusal: String?)
    ) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let actor =
            one.actor == .owner ? owner : try database.member(of: team, as: one.actor, permissions: one.override)
        let target = one.target == .owner ? owner : try database.member(of: team, as: one.target)
        let before = try database.roll(of: team)
        let input = team.event(on: try database.membership(of: target, in: team))
        #expect(database.refusal(of: RemoveMember.self, input, as: actor) == one.refusal)
        if one.refusal == nil {
            #expect(try database.role(of: target, in: team) == nil)
            #expect(try database.roll(of: team).count == before.count - 1)
        } else {
            #expect(try database.roll(of: team) == before)
        }
        #expect(try database.activity(of: team.id).count == (one.refusal == nil ? 2 : 1))
    }

    // Cases: teams 82, 107
    @Test func `a removed member loses access at once, and the member's invites are cancelled`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        let id = try database.membership(of: admin, in: team)
        try database.invite("a@example.com", to: team, by: admin)
        try database.invite("b@example.com", to: team, by: admin)
        try database.invite("c@example.com", to: team, by: owner)
        #expect(database.refusal(of: GetTeam.self, team.reference, as: admin) == nil)
        let departure = try database.call(RemoveMember.self, team.event(on: id), as: owner)
        #expect(departure.team == team.id)
        #expect(departure.member == id)
        #expect(departure.user == admin.user)
        #expect(departure.invitesCancelled == 2)
        #expect(try database.invites(by: admin, to: team) == ["cancelled", "cancelled"])
        #expect(try database.invites(by: owner, to: team) == ["pending"])

        let changes = team.changes(#""name":"Zenith""#)
        #expect(database.refusal(of: GetTeam.self, team.reference, as: admin) == "404 team_not_found")
        #expect(database.refusal(of: UpdateTeam.self, changes, as: admin) == "404 team_not_found")
        #expect(database.refusal(of: RemoveMember.self, team.event(on: id), as: admin) == "404 team_not_found")
        #expect(try database.call(ListTeams.self, "{}", as: admin).items.isEmpty)
        #expect(database.refusal(of: RemoveMember.self, team.event(on: id), as: owner) == "404 member_not_found")

        let entry = try #require(try database.activity(of: team.id).last)
        #expect(entry.action == "member.removed")
        #expect(entry.actor == owner.user)
        #expect(entry.resource == id.description)
        #expect(entry.metadata == #"{"role": "admin", "userId": "\#(admin.user)"}"#)
    }

    @Test func `a returning member has a new membership without the earlier override`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member, permissions: [.read, .write, .admin])
        let old = try database.membership(of: member, in: team)
        try database.call(RemoveMember.self, team.event(on: old), as: owner)
        try database.add(member, to: team, as: .viewer)
        #expect(try database.membership(of: member, in: team) != old)
        #expect(try database.call(GetTeam.self, team.reference, as: member).permissions == [.read])
        #expect(database.refusal(of: RemoveMember.self, team.event(on: old), as: owner) == "404 member_not_found")
    }

    // Cases: teams 108
    @Test(arguments: [Role.owner, .admin, .member, .viewer])
    func `a member cannot remove themselves, and the error names leaveTeam`(_ role: Role) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let caller = role == .owner ? owner : try database.member(of: team, as: role)
        let input = team.event(on: try database.membership(of: caller, in: team))
        #expect(database.refusal(of: RemoveMember.self, input, as: caller) == "422 use_leave_team")
        #expect(try database.role(of: caller, in: team) == role)
        let leaving = database.refusal(of: LeaveTeam.self, team.reference, as: caller)
        #expect(leaving == (role == .owner ? "409 owner_cannot_leave" : nil))
    }

    // Cases: teams 104
    @Test func `a member of another team and an unknown member are not found`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team(of: .stranger()))
        let foreigner = try database.membership(of: try database.member(of: other, as: .viewer), in: other)
        let before = try database.roll(of: other)
        for id in [foreigner, ID<Member>.make()] {
            let refusal = database.refusal(of: RemoveMember.self, team.event(on: id), as: owner)
            #expect(refusal == "404 member_not_found")
        }
        let refusal = database.refusal(of: RemoveMember.self, other.event(on: foreigner), as: owner)
        #expect(refusal == "404 team_not_found")
        #expect(try database.roll(of: other) == before)
    }

    @Test func `a deleted team's members cannot be removed`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        let input = team.event(on: try database.membership(of: member, in: team))
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(database.refusal(of: RemoveMember.self, input, as: owner) == "404 team_not_found")
        #expect(try database.role(of: member, in: team) == .member)
    }

    @Test(arguments: [#""x""#, "7", "null", "[]", "{}", #""non-existent-user""#])
    func `a member id must be a UUID`(_ id: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let input = team.changes(#""memberId":\#(id)"#)
        #expect(database.refusal(of: RemoveMember.self, input, as: owner) == "422 validation_failed")
        #expect(database.refusal(of: RemoveMember.self, team.reference, as: owner) == "422 validation_failed")
    }

    @Test func `an API key needs the scope admin`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let viewer = try database.member(of: team, as: .viewer)
        let input = team.event(on: try database.membership(of: viewer, in: team))
        let writing = owner.throughKey([.read, .write, .delete])
        #expect(database.refusal(of: RemoveMember.self, input, as: writing) == "403 insufficient_scope")
        #expect(database.refusal(of: RemoveMember.self, input, as: owner.throughKey([.admin], for: team)) == nil)
    }
}
