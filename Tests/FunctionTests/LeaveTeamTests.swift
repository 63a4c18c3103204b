import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct LeaveTeamTests {
    // Cases: teams 108
    @Test(arguments: [Role.admin, .member, .viewer])
    func `a member leaves once`(_ role: Role) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        // A member without any permission may leave too.
        let member = try database.member(of: team, as: role, permissions: [])
        let id = try database.membership(of: member, in: team)
        let departure = try database.call(LeaveTeam.self, team.reference, as: member)
        #expect(departure.team == team.id)
        #expect(departure.member == id)
        #expect(departure.user == member.user)
        #expect(departure.invitesCancelled == 0)
        #expect(try database.role(of: member, in: team) == nil)
        #expect(database.refusal(of: GetTeam.self, team.reference, as: member) == "404 team_not_found")
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: member) == "404 team_not_found")
        let activity = try database.activity(of: team.id)
        #expect(activity.map(\.action) == ["team.created", "member.left"])
        #expect(activity.last?.actor == member.user)
        #expect(activity.last?.resource == id.description)
        #expect(activity.last?.metadata == #"{"role": "\#(role.rawValue)", "userId": "\#(member.user)"}"#)
    }

    // Cases: teams 109
    @Test func `the owner cannot leave`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        _ = try database.member(of: team, as: .admin)
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: owner) == "409 owner_cannot_leave")
        #expect(try database.ownership(of: team) == "1 owner, named")
        #expect(try database.activity(of: team.id).count == 1)
    }

    @Test func `a member who leaves takes only their own pending invites along`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team(of: owner))
        let admin = try database.member(of: team, as: .admin)
        try database.add(admin, to: other, as: .admin)
        try database.invite("a@example.com", to: team, by: admin)
        try database.invite("b@example.com", to: team, by: admin)
        try database.invite("c@example.com", to: team, by: owner)
        try database.invite("a@example.com", to: other, by: admin)
        try database.rows(
            """
            UPDATE nofx.team_invites SET status = 'expired', decided_at = now() WHERE email_normalized = 'b@example.com'
            """
        )
        #expect(try database.call(LeaveTeam.self, team.reference, as: admin).invitesCancelled == 1)
        #expect(try database.invites(by: admin, to: team) == ["cancelled", "expired"])
        #expect(try database.invites(by: owner, to: team) == ["pending"])
        #expect(try database.invites(by: admin, to: other) == ["pending"])
        #expect(try database.role(of: admin, in: other) == .admin)
    }

    @Test func `a stranger and a member of a deleted team cannot leave`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: .stranger()) == "404 team_not_found")
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: member) == "404 team_not_found")
        #expect(try database.role(of: member, in: team) == .member)
    }

    @Test func `an API key cannot leave for its user`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .member)
        let key = member.throughKey(.ofMembers)
        #expect(database.refusal(of: LeaveTeam.self, team.reference, as: key) == "403 session_required")
        #expect(try database.role(of: member, in: team) == .member)
    }
}
