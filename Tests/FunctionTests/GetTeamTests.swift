import Base
import Core
import Postgres
import Teams
import TestSupport
import Testing

@testable import nofx

@Suite struct GetTeamTests {
    @Test func `a member sees the team with the member's role`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "ada@example.com")
        let created = try database.team(of: owner)
        try database.call(UpdateTeam.self, created.changes(#""settings":{"theme":"dark"}"#), as: owner)
        let member = try database.member(of: created, as: .member)
        let team = try database.call(GetTeam.self, created.reference, as: member)
        #expect(team.id == created.id)
        #expect(team.name == created.name)
        #expect(team.slug == created.slug)
        #expect(team.owner == owner.user)
        #expect(team.role == .member)
        #expect(team.permissions == [.read, .write])
        // A member may not see a personal address.
        #expect(team.billingEmail == nil)
        #expect(team.settings?.text == #"{"theme": "dark"}"#)
        #expect(team.version == 2)
        #expect(team.createdAt == created.createdAt)
    }

    // Cases: teams 40
    @Test func `a viewer sees neither the billing address nor the settings`() throws {
        let database = try TestDatabase()
        let created = try database.team(of: .stranger(email: "ada@example.com"))
        let viewer = try database.member(of: created, as: .viewer)
        let team = try database.call(GetTeam.self, created.reference, as: viewer)
        #expect(team.role == .viewer)
        #expect(team.permissions == [.read])
        #expect(team.billingEmail == nil)
        #expect(team.settings == nil)
        let json = String(decoding: team.jsonBytes, as: UTF8.self)
        #expect(!json.contains("ada@example.com"))
        #expect(json.contains(#""billingEmail":null,"settings":null"#))
    }

    // Cases: teams 41
    @Test func `an unknown team and a foreign one get the same answer`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (theirs, deleted) = (try database.team(of: owner), try database.team(of: owner))
        try database.call(DeleteTeam.self, deleted.reference, as: owner)
        let missing = #"{"teamId":"\#(ID<Team>.make())"}"#
        let stranger = Caller.stranger()
        let answers = [theirs.reference, missing, deleted.reference].map { input in
            answer(of: #expect(throws: Denial.self) { try database.call(GetTeam.self, input, as: stranger) })
        }
        #expect(answers[0].contains(#""code":"team_not_found""#))
        #expect(Set(answers).count == 1)
        #expect(database.refusal(of: GetTeam.self, deleted.reference, as: owner) == "404 team_not_found")
    }

    // Cases: teams 42
    @Test(arguments: [
        #"{"teamId":"TEAM-ID"}"#, #"{"teamId":"{00000000-0000-7000-8000-000000000000}"}"#, #"{"teamId":""}"#,
        #"{"teamId":"00000000000070008000000000000000"}"#, #"{"teamId":"' OR true --"}"#, #"{"teamId":null}"#,
        #"{"teamId":7}"#, #"{"teamId":["00000000-0000-7000-8000-000000000000"]}"#, "{}", "[]", "null",
        #"{"teamId":"00000000-0000-7000-8000-000000000000","userId":"00000000-0000-7000-8000-000000000000"}"#,
    ])
    func `an input without a valid team id is rejected before the database is used`(_ input: String) throws {
        let nowhere = try ConnectionString("host=/nowhere user=nobody dbname=none")
        var context = Context(
            origin: Origin(requestID: "test"),
            deadline: .test,
            log: .silent,
            database: Database(at: nowhere)
        )
        context.authenticated(as: .stranger())
        let problem = #expect(throws: Problem.self) { try GetTeam.call(input, in: &context) }
        #expect(problem?.status == 422)
        #expect(problem?.code == "validation_failed")
    }

    // Cases: teams 42
    @Test func `a team id in capitals names the same team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let input = #"{"teamId":"\#(team.id.description.uppercased())"}"#
        #expect(try database.call(GetTeam.self, input, as: owner).id == team.id)
        #expect(database.refusal(of: GetTeam.self, input, as: .stranger()) == "404 team_not_found")
    }

    @Test func `a former member cannot see the team`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .admin)
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(member.user)")
        #expect(database.refusal(of: GetTeam.self, team.reference, as: member) == "404 team_not_found")
    }

    @Test func `an unavailable database is reported without its error text`() throws {
        let nowhere = try ConnectionString("host=/nowhere user=nobody password=password123 dbname=none")
        let lines = LogLines()
        var context = Context(
            origin: Origin(requestID: "test"),
            deadline: .test,
            log: lines.log,
            database: Database(at: nowhere)
        )
        context.authenticated(as: .stranger())
        let input = #"{"teamId":"\#(ID<Team>.make())"}"#
        let problem = #expect(throws: Problem.self) { try GetTeam.call(input, in: &context) }
        #expect(problem?.status == 503)
        #expect(problem?.code == "unavailable")
        #expect(problem?.detail.contains("nowhere") == false)
        #expect(lines.containing("nowhere").count == 1)
        #expect(lines.containing("password123").isEmpty)
    }

    private func answer(of denial: Denial?) -> String {
        var json = JSONWriter()
        denial?.problem.encode(to: &json, requestID: "test")
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

extension TeamSettings {
    /// The settings in the answer.
    var text: String { String(decoding: jsonBytes, as: UTF8.self) }
}
