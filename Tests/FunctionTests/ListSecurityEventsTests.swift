import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ListSecurityEventsTests {
    @Test func `an owner sees who attempted which action and why it was refused`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let (viewer, stranger) = (try database.member(of: team, as: .viewer), Caller.stranger())
        for caller in [viewer, stranger, viewer] {
            try database.refused(UpdateTeam.self, team.changes(#""name":"Mine""#), as: caller)
        }
        let page = try database.call(ListSecurityEvents.self, team.reference, as: owner)
        #expect(page.items.allSatisfy { $0.action == "team.update" && $0.credential == "session" })
        let hits = page.items.reduce(into: [:]) { $0["\($1.user) \($1.reason)", default: 0] += $1.hits }
        #expect(
            hits == ["\(viewer.user) missing_permission": 2, "\(stranger.user) not_a_member_or_missing": 1]
        )
        let event = try JSONDocument(parsing: try #require(page.items.first).jsonBytes).root
        let names = ["at", "userId", "action", "reason", "hits", "firstAt", "lastAt", "credential", "ip", "requestId"]
        #expect(event.count == names.count && names.allSatisfy { event[$0]?.isNull == false })
    }

    @Test func `attempts on a team are not visible to another team's owner`() throws {
        let database = try TestDatabase()
        let (owner, rival) = (Caller.stranger(), Caller.stranger())
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: rival))
        try database.refused(UpdateTeam.self, team.changes(#""name":"Mine""#), as: rival)
        #expect(try database.call(ListSecurityEvents.self, team.reference, as: owner).items.count == 1)
        #expect(try database.call(ListSecurityEvents.self, other.reference, as: rival).items.isEmpty)
        #expect(database.refusal(of: ListSecurityEvents.self, team.reference, as: rival) == "404 team_not_found")
    }

    @Test(
        arguments: [
            (Role.owner, nil, nil), (.admin, nil, nil), (.viewer, [.admin], nil),
            (.member, nil, "403 forbidden"), (.viewer, nil, "403 forbidden"), (.admin, [.read], "403 forbidden"),
        ] as [(Role, [Permission]?, String?)]
    )
    func `managers of the team see its events, also after it was deleted`(
        _ role: Role,
        _ override: [Permission]?,
        _ refusal: String?
    ) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let caller = role == .owner ? owner : try database.member(of: team, as: role, permissions: override)
        #expect(database.refusal(of: ListSecurityEvents.self, team.reference, as: caller) == refusal)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(database.refusal(of: ListSecurityEvents.self, team.reference, as: caller) == refusal)
    }

    @Test func `an API key needs the scope admin`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        for (scopes, refusal) in [([.admin], nil), ([.read, .write, .delete], "403 insufficient_scope")]
            as [([Scope], String?)]
        {
            let key = Caller(
                user: owner.user,
                issuer: owner.issuer,
                subject: owner.subject,
                email: nil,
                credential: "key:test",
                scopes: scopes
            )
            #expect(database.refusal(of: ListSecurityEvents.self, team.reference, as: key) == refusal)
        }
    }

    // Cases: teams 45
    @Test(arguments: [100, 50, 7, 1])
    func `60 events are paged without gaps or repetitions, also with equal times`(_ limit: Int) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team)
        let pages: [[SecurityEvent]] = try database.pages(
            ListSecurityEvents.self,
            #""teamId":"\#(team.id)","limit":\#(limit)"#,
            as: owner
        )
        let all: [String] = try database.value(
            """
            SELECT array_agg(concat_ws(' ', user_id, action, reason) ORDER BY bucket DESC, user_id, action, reason)
            FROM nofx.security_events
            """
        )
        #expect(pages.flatMap { $0 }.map { "\($0.user) \($0.action) \($0.reason)" } == all)
        #expect(pages.count == (60 + limit - 1) / limit)
    }

    @Test func `events are filtered by time, with an exclusive end`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team)
        func count(_ filter: String) throws -> Int {
            try database.call(ListSecurityEvents.self, team.changes(filter + #","limit":100"#), as: owner).items.count
        }
        #expect(try count(#""since":"2026-01-01T00:05:00Z""#) == 12)
        #expect(try count(#""until":"2026-01-01T00:05:00Z""#) == 48)
        #expect(try count(#""since":"2026-01-01T00:02:00Z","until":"2026-01-01T00:04:00Z""#) == 24)
        #expect(try count(#""since":"2026-01-01T00:05:00.000001Z""#) == 0)
    }

    // Cases: teams 49
    @Test func `each page checks the permission again, and a cursor is valid only for its list`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        let admin = try database.member(of: team, as: .admin)
        try database.fill(team)
        let members = #""teamId":"\#(team.id)","limit":5"#
        let cursor = try database.call(ListSecurityEvents.self, "{\(members)}", as: admin).nextCursor
        let next = input(members, cursor)
        #expect(try database.call(ListSecurityEvents.self, next, as: owner).items.count == 5)
        let foreign = input(#""teamId":"\#(other.id)""#, cursor)
        #expect(database.refusal(of: ListSecurityEvents.self, foreign, as: owner) == "422 invalid_cursor")
        let narrower = input(members + #","since":"2026-01-01T00:00:00Z""#, cursor)
        #expect(database.refusal(of: ListSecurityEvents.self, narrower, as: owner) == "422 invalid_cursor")
        #expect(database.refusal(of: ListActivity.self, next, as: owner) == "422 invalid_cursor")
        try database.rows("UPDATE nofx.team_members SET role = 'viewer' WHERE user_id = \(admin.user)")
        #expect(database.refusal(of: ListSecurityEvents.self, next, as: admin) == "403 forbidden")
    }

    // Cases: teams 49
    @Test(arguments: [
        ["x", "u", "a", "r"], ["-1", "u", "a", "r"], ["9223372036854775807", "u", "a", "r"], ["1", "u", "a"],
    ])
    func `a cursor that this list did not issue is rejected`(_ keys: [String]) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let event = input(
            #""teamId":"\#(team.id)""#,
            Cursor(list: "listSecurityEvents", binding: "\(team.id)//", keys: keys)
        )
        #expect(database.refusal(of: ListSecurityEvents.self, event, as: owner) == "422 invalid_cursor")
    }

    // Cases: teams 48
    @Test(arguments: [
        (#""limit":0"#, "limit"), (#""limit":101"#, "limit"), (#""since":"now""#, "since"),
        (#""actorId":null"#, "actorId"),
        (#""since":"2026-01-02T00:00:00Z","until":"2026-01-01T00:00:00Z""#, ""),
    ])
    func `an invalid input is rejected`(_ members: String, _ field: String) throws {
        let event = #"{"teamId":"\#(ID<Team>.make())",\#(members)}"#
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(ListSecurityEvents.self, event, as: .stranger())
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == [field])
    }
}

extension TestDatabase {
    /// Makes a call that is refused, and counts the attempt as the runtime does.
    fileprivate func refused<F: Function>(_: F.Type, _ input: String, as caller: Caller) throws {
        var context = try context(for: caller)
        let denial = #expect(throws: Denial.self) { _ = try F.call(input, in: &context) }
        if let denial { context.record(denial) }
    }

    /// Writes 60 events of a team, twelve in each of five minutes.
    fileprivate func fill(_ team: Team) throws {
        try rows(
            """
            INSERT INTO nofx.security_events (bucket, user_id, team_id, action, reason)
            SELECT '2026-01-01 00:00:00+00'::timestamptz + minute * interval '1 minute',
                   CASE who WHEN 0 THEN '' ELSE 'user ' || who END, \(team.id.description), 'a' || what, 'r' || why
            FROM generate_series(1, 5) AS minute, generate_series(0, 2) AS who, generate_series(1, 2) AS what,
                 generate_series(1, 2) AS why
            """
        )
    }
}
