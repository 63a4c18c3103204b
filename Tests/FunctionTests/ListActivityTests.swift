import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ListActivityTests {
    @Test func `an owner sees actor, action and origin of each change, newest first`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team("Acme", of: owner)
        let member = try database.member(of: team, as: .member)
        try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: member)
        let page = try database.call(ListActivity.self, team.reference, as: owner)
        #expect(page.items.map(\.action) == ["team.updated", "team.created"])
        #expect(page.items.map(\.actor) == [member.user, owner.user])
        #expect(page.nextCursor == nil)
        let entry = try JSONDocument(parsing: try #require(page.items.first).jsonBytes).root
        let names = [
            "id", "action", "actorId", "credential", "resourceType", "resourceId", "metadata", "requestId", "ip",
            "userAgent", "createdAt",
        ]
        #expect(entry.count == names.count && names.allSatisfy { entry[$0] != nil })
        #expect(entry["metadata"]?["fields"]?.elements.map(\.string) == ["name"])
        #expect(entry["credential"]?.string == "session")
        #expect(entry["resourceType"]?.string == "team")
        #expect(entry["resourceId"]?.string == team.id.description)
        #expect(entry["ip"]?.string == "192.0.2.1")
        #expect(entry["userAgent"]?.string == "tests")
        #expect(entry["requestId"]?.string?.hasPrefix("test-") == true)
    }

    // Cases: teams 125
    @Test(
        arguments: [
            (Role.owner, nil, nil), (.admin, nil, nil), (.viewer, [.admin], nil),
            (.member, nil, "403 forbidden"), (.viewer, nil, "403 forbidden"),
            (.admin, [.read, .write, .delete], "403 forbidden"), (.admin, [], "403 forbidden"),
        ] as [(Role, [Permission]?, String?)]
    )
    func `managers of the team see its activity`(_ role: Role, _ override: [Permission]?, _ refusal: String?) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let caller = role == .owner ? owner : try database.member(of: team, as: role, permissions: override)
        #expect(database.refusal(of: ListActivity.self, team.reference, as: caller) == refusal)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(database.refusal(of: ListActivity.self, team.reference, as: caller) == refusal)
    }

    // Cases: teams 125
    @Test func `a viewer learns which permission is missing, and nothing else`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let viewer = try database.member(of: team, as: .viewer)
        let denial = #expect(throws: Denial.self) {
            try database.call(ListActivity.self, team.reference, as: viewer)
        }
        #expect(denial?.action.name == "activity.list")
        #expect(denial?.team == team.id.uuid)
        #expect(denial?.role == .viewer)
    }

    @Test func `a stranger and an anonymous caller get the same answer for any team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let missing = #"{"teamId":"\#(ID<Team>.make())"}"#
        #expect(database.refusal(of: ListActivity.self, missing, as: owner) == "404 team_not_found")
        let stages: [() throws -> Void] = [
            {}, { try database.call(DeleteTeam.self, team.reference, as: owner) }, { try database.gone(team) },
        ]
        for stage in stages {
            try stage()
            #expect(database.refusal(of: ListActivity.self, team.reference, as: .stranger()) == "404 team_not_found")
            #expect(database.refusal(of: ListActivity.self, team.reference, as: nil) == "401 unauthenticated")
            #expect(database.refusal(of: ListActivity.self, team.reference, as: owner) == nil)
        }
    }

    // Cases: teams 62, 66
    @Test func `the activity of a deleted team stays visible to its deleter`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(try database.call(ListActivity.self, team.reference, as: admin).items.count == 2)
        try database.gone(team)
        let page = try database.call(ListActivity.self, team.reference, as: owner)
        #expect(page.items.map(\.action) == ["team.deleted", "team.created"])
        #expect(database.refusal(of: ListActivity.self, team.reference, as: admin) == "404 team_not_found")
    }

    @Test func `an earlier deleter does not see a restored team that its next owner deleted`() throws {
        let database = try TestDatabase()
        let first = Caller.stranger()
        let team = try database.team(of: first)
        let second = try database.member(of: team, as: .admin)
        try database.call(DeleteTeam.self, team.reference, as: first)
        try database.call(RestoreTeam.self, team.reference, as: first)
        try database.transfer(team, to: second)
        try database.call(DeleteTeam.self, team.reference, as: second)
        try database.gone(team)
        #expect(database.refusal(of: ListActivity.self, team.reference, as: first) == "404 team_not_found")
        #expect(try database.call(ListActivity.self, team.reference, as: second).items.count == 4)
    }

    @Test func `entries are filtered by action, by actor and by time, with an exclusive end`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        try database.fill(team, 10, by: admin)
        func ids(_ filter: String) throws -> [String?] {
            try database.call(ListActivity.self, team.changes(filter), as: owner).items.map(\.resource)
        }
        #expect(try ids(#""action":"test.odd""#) == ["9", "7", "5", "3", "1"])
        #expect(try ids(#""action":"test.Odd""#) == [])
        #expect(try ids(#""actorId":"\#(owner.user)""#) == [team.id.description])
        #expect(try ids(#""actorId":"\#(admin.user)","action":"test.even","limit":2"#) == ["10", "8"])
        #expect(try ids(#""since":"2026-01-01T00:00:04Z","until":"2026-01-01T00:00:07Z""#) == ["6", "5", "4"])
        #expect(try ids(#""until":"2026-01-01T01:00:02+01:00""#) == ["1"])
        #expect(try ids(#""since":"2026-01-01T00:00:10.000001Z","actorId":"\#(admin.user)""#) == [])
    }

    // Cases: teams 45
    @Test(arguments: [100, 99, 50, 7])
    func `250 entries are paged without gaps or repetitions`(_ limit: Int) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team, 249, by: owner)
        let pages: [[ActivityEntry]] = try database.pages(
            ListActivity.self,
            #""teamId":"\#(team.id)","limit":\#(limit)"#,
            as: owner
        )
        let all: [Int] = try database.value(
            "SELECT array_agg(id ORDER BY id DESC) FROM nofx.team_activity WHERE team_id = \(team.id)"
        )
        #expect(pages.flatMap { $0 }.map(\.id) == all)
        #expect(pages.count == (250 + limit - 1) / limit)
    }

    // Cases: teams 46
    @Test func `entries added between two pages cause no repetitions`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team, 9, by: owner)
        let members = #""teamId":"\#(team.id)","limit":5"#
        let first = try database.call(ListActivity.self, "{\(members)}", as: owner)
        try database.fill(team, 9, by: owner)
        let second = try database.call(ListActivity.self, input(members, first.nextCursor), as: owner)
        #expect(second.items.map(\.resource) == ["4", "3", "2", "1", team.id.description])
        #expect(second.nextCursor == nil)
    }

    @Test func `each page checks the permission again`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let admin = try database.member(of: team, as: .admin)
        try database.fill(team, 9, by: owner)
        let members = #""teamId":"\#(team.id)","limit":5"#
        let next = input(members, try database.call(ListActivity.self, "{\(members)}", as: admin).nextCursor)
        #expect(try database.call(ListActivity.self, next, as: owner).items.count == 5)
        try database.rows("UPDATE nofx.team_members SET role = 'viewer' WHERE user_id = \(admin.user)")
        #expect(database.refusal(of: ListActivity.self, next, as: admin) == "403 forbidden")
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(admin.user)")
        #expect(database.refusal(of: ListActivity.self, next, as: admin) == "404 team_not_found")
    }

    // Cases: teams 49
    @Test func `a cursor is valid only for its team and filters`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        try database.fill(team, 5, by: owner)
        let filter = #""actorId":"\#(owner.user)","action":"test.odd","since":"2026-01-01T00:00:00Z","limit":1"#
        let members = #""teamId":"\#(team.id)",\#(filter)"#
        let cursor = try #require(try database.call(ListActivity.self, "{\(members)}", as: owner).nextCursor)
        #expect(database.refusal(of: ListActivity.self, input(members, cursor), as: owner) == nil)
        #expect(database.refusal(of: ListTeams.self, input(#""limit":1"#, cursor), as: owner) == "422 invalid_cursor")
        for others in [
            #""teamId":"\#(other.id)",\#(filter)"#, #""teamId":"\#(team.id)","limit":1"#,
            members.replacing("test.odd", with: "test.even"), members.replacing("00:00Z", with: "00:01Z"),
            members.replacing("since", with: "until"), members + #","until":"2027-01-01T00:00:00Z""#,
        ] {
            #expect(database.refusal(of: ListActivity.self, input(others, cursor), as: owner) == "422 invalid_cursor")
        }
    }

    // Cases: teams 49
    @Test(arguments: [
        ["listActivity", "x"], ["listActivity"], ["listActivity", "1", "2"], ["listMembers", "1"],
        ["listActivity", "9223372036854775808"], ["listActivity", "1; DROP TABLE nofx.teams"],
    ])
    func `a cursor that this list did not issue is rejected`(_ content: [String]) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let cursor = Cursor(list: content[0], binding: "\(team.id)////", keys: Array(content.dropFirst()))
        let event = input(#""teamId":"\#(team.id)""#, cursor)
        #expect(database.refusal(of: ListActivity.self, event, as: owner) == "422 invalid_cursor")
    }

    // Cases: teams 48
    @Test(arguments: [
        (#""limit":0"#, "limit"), (#""limit":101"#, "limit"), (#""limit":-1"#, "limit"), (#""limit":"abc""#, "limit"),
        (#""limit":1.5"#, "limit"), (#""action":"""#, "action"), (#""actorId":"me""#, "actorId"),
        (#""since":"yesterday""#, "since"), (#""until":1"#, "until"), (#""cursor":"e30""#, "cursor"),
        (#""since":"2026-01-01T00:00:00Z","until":"2026-01-01T00:00:00Z""#, ""),
        (#""since":"2026-01-01T00:00:00Z","until":"2026-01-01T00:59:59+01:00""#, ""),
    ])
    func `an invalid input is rejected`(_ members: String, _ field: String) throws {
        let event = #"{"teamId":"\#(ID<Team>.make())",\#(members)}"#
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(ListActivity.self, event, as: .stranger())
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == [field])
    }

    @Test func `an API key needs the scope admin and the team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        func refusal(_ scopes: [Scope], _ only: Team?) -> String? {
            database.refusal(of: ListActivity.self, team.reference, as: owner.key(scopes, only: only))
        }
        #expect(refusal([.admin], nil) == nil)
        #expect(refusal([.admin], team) == nil)
        #expect(refusal([.read, .write, .delete], nil) == "403 insufficient_scope")
        #expect(refusal([.admin], other) == "404 team_not_found")
    }

    // Cases: teams 123
    @Test func `after an actor's account is deleted the entries stay`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let member = try database.member(of: team, as: .member)
        try database.call(UpdateTeam.self, team.changes(#""name":"Zenith""#), as: member)
        try database.rows("DELETE FROM nofx.users WHERE id = \(member.user)")
        let page = try database.call(ListActivity.self, team.reference, as: owner)
        #expect(page.items.map(\.actor) == [member.user, owner.user])
    }
}

extension Caller {
    /// The same user with an API key.
    fileprivate func key(_ scopes: [Scope], only team: Team?) -> Caller {
        Caller(
            user: user,
            issuer: issuer,
            subject: subject,
            email: nil,
            credential: "key:test",
            scopes: scopes,
            team: team?.id.uuid
        )
    }
}

extension TestDatabase {
    /// Writes entries 1, 2, 3 … into a team's audit trail, one second apart.
    fileprivate func fill(_ team: Team, _ count: Int, by actor: Caller) throws {
        try rows(
            """
            INSERT INTO nofx.team_activity (team_id, actor_id, action, resource_id, created_at)
            SELECT \(team.id), \(actor.user), CASE n % 2 WHEN 0 THEN 'test.even' ELSE 'test.odd' END, n::text,
                   '2026-01-01 00:00:00+00'::timestamptz + n * interval '1 second'
            FROM generate_series(1, \(count)) AS s (n) ORDER BY s.n
            """
        )
    }

    /// Deletes a team permanently.
    fileprivate func gone(_ team: Team) throws {
        try rows("DELETE FROM nofx.teams WHERE id = \(team.id)")
    }
}
