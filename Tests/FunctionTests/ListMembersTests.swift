import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ListMembersTests {
    @Test func `the members of a team are listed in order of joining`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let viewer = try database.member(of: team, as: .viewer)
        let admin = try database.member(of: team, as: .admin, permissions: [.read, .admin])
        _ = try database.member(of: try database.team("Other", of: .stranger()), as: .admin)
        let page = try database.call(ListMembers.self, team.reference, as: viewer)
        #expect(page.items.map(\.user) == [owner.user, viewer.user, admin.user])
        #expect(page.items.map(\.role) == [.owner, .viewer, .admin])
        #expect(page.items.map(\.permissions) == [Permission.allCases, [.read], [.read, .admin]])
        #expect(page.items.map(\.override) == [nil, nil, [.read, .admin]])
        #expect(
            try page.items.map(\.id) == [owner, viewer, admin].map { try database.membership(of: $0, in: team) }
        )
        #expect(page.nextCursor == nil)
    }

    // Cases: teams 40
    @Test func `managers of members see all addresses, and others only their own`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "owner@example.com")
        let team = try database.team(of: owner)
        let callers: [(role: Role, permissions: [Permission]?, isManaging: Bool)] = [
            (.admin, nil, true), (.member, [.read, .admin], true), (.admin, [.read, .write, .delete], false),
            (.member, nil, false), (.viewer, nil, false),
        ]
        for (index, kind) in callers.enumerated() {
            let caller = Caller.stranger(email: "caller\(index)@example.com")
            // The user's first call stores the address.
            #expect(database.refusal(of: ListMembers.self, team.reference, as: caller) == "404 team_not_found")
            try database.add(caller, to: team, as: kind.role, permissions: kind.permissions)
            let members = try database.call(ListMembers.self, team.reference, as: caller).items
            let own = members.filter { $0.user == caller.user }.map(\.email)
            let others = members.filter { $0.user != caller.user }.map(\.email)
            #expect(own == ["caller\(index)@example.com"])
            #expect(others.allSatisfy { ($0 != nil) == kind.isManaging }, "\(kind)")
        }
        let all = try database.call(ListMembers.self, team.reference, as: owner).items.map(\.email)
        #expect(all == ["owner@example.com"] + (0..<5).map { "caller\($0)@example.com" })
    }

    @Test func `an API key shows addresses only with the scope to manage members`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(email: "owner@example.com")
        let team = try database.team(of: owner)
        let other = Caller.stranger(email: "other@example.com")
        #expect(database.refusal(of: ListMembers.self, team.reference, as: other) != nil)
        try database.add(other, to: team, as: .viewer)
        let reading = try database.call(ListMembers.self, team.reference, as: owner.throughKey([.read, .write]))
        #expect(reading.items.map(\.email) == ["owner@example.com", nil])
        let managing = try database.call(ListMembers.self, team.reference, as: owner.throughKey([.read, .admin]))
        #expect(managing.items.map(\.email) == ["owner@example.com", "other@example.com"])
        let writing = owner.throughKey([.write, .admin])
        #expect(database.refusal(of: ListMembers.self, team.reference, as: writing) == "403 insufficient_scope")
        let elsewhere = owner.throughKey([.read], for: try database.team("Other", of: owner))
        #expect(database.refusal(of: ListMembers.self, team.reference, as: elsewhere) == "404 team_not_found")
    }

    // Cases: teams 43
    @Test func `a member without read permission sees no members`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let closed = try database.member(of: team, as: .admin, permissions: [.write, .admin])
        let denial = #expect(throws: Denial.self) {
            try database.call(ListMembers.self, team.reference, as: closed)
        }
        #expect(denial?.problem.status == 403)
        #expect(denial?.problem.code == "forbidden")
        #expect(denial?.problem.members == ["requiredPermission": "read"])
        #expect(denial?.reason == .missingPermission)
        #expect(denial?.role == .admin)
    }

    // Cases: teams 41, 50
    @Test func `strangers get the same answer for unknown, foreign and deleted teams`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, deleted) = (try database.team(of: owner), try database.team(of: owner))
        try database.call(DeleteTeam.self, deleted.reference, as: owner)
        let missing = #"{"teamId":"00000000-0000-7000-8000-000000000000"}"#
        let attempts = [(team.reference, Caller.stranger()), (missing, owner), (deleted.reference, owner)]
        for (input, caller) in attempts {
            let denial = #expect(throws: Denial.self) { try database.call(ListMembers.self, input, as: caller) }
            #expect(denial?.problem.status == 404)
            #expect(denial?.problem.code == "team_not_found")
            #expect(denial?.problem.detail == "There is no such team, or you are not a member of it.")
            #expect(denial?.reason == .notMember)
        }
    }

    // Cases: teams 42, 44
    @Test func `a team id must be a UUID with hyphens, in any case, and appear once`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let id = team.id.description
        let upper = #"{"teamId":"\#(id.uppercased())"}"#
        #expect(try database.call(ListMembers.self, upper, as: owner).items.count == 1)
        #expect(database.refusal(of: ListMembers.self, upper, as: .stranger()) == "404 team_not_found")
        for name in ["{\(id)}", id.replacing("-", with: ""), " \(id)", "", "acme"] {
            #expect(
                database.refusal(of: ListMembers.self, #"{"teamId":"\#(name)"}"#, as: owner) == "422 validation_failed"
            )
        }
        let twice = #"{"teamId":"\#(id)","teamId":"\#(id)"}"#
        #expect(database.refusal(of: ListMembers.self, twice, as: owner) == "400 malformed_json")
    }

    // Cases: teams 45
    @Test(arguments: [100, 99, 50, 7])
    func `250 members are paged without gaps or repetitions, also with equal times`(_ limit: Int) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team, 250)
        let pages = try database.pages(of: team, limit: limit, as: owner)
        let expected: [UUID] = try database.value(
            "SELECT array_agg(id ORDER BY joined_at, id) FROM nofx.team_members WHERE team_id = \(team.id)"
        )
        #expect(pages.flatMap { $0 }.map(\.uuid) == expected)
        #expect(pages.count == (250 + limit - 1) / limit)
        #expect(pages.dropLast().allSatisfy { $0.count == limit })
    }

    // Cases: teams 47
    @Test func `a thousand members have ten pages of 100, and the default page has 20`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team, 1_000)
        let pages = try database.pages(of: team, limit: 100, as: owner)
        #expect(pages.map(\.count) == Array(repeating: 100, count: 10))
        #expect(Set(pages.flatMap(\.self)).count == 1_000)
        let first = try database.call(ListMembers.self, team.reference, as: owner)
        #expect(first.items.count == 20)
        #expect(first.nextCursor != nil)
    }

    // Cases: teams 46
    @Test func `joins and departures between two pages cause no repetitions and no gaps`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team, 40)
        let first = try database.call(ListMembers.self, request(team, limit: 20), as: owner)
        let last = try #require(first.items.last)
        // The member that the cursor points to leaves, and others join before and after that position.
        try database.rows("DELETE FROM nofx.team_members WHERE id = \(last.id)")
        let (early, late) = (try database.member(of: team, as: .viewer), try database.member(of: team, as: .viewer))
        try database.rows(
            "UPDATE nofx.team_members SET joined_at = now() - interval '1 year' WHERE user_id = \(early.user)"
        )
        let second = try database.call(ListMembers.self, request(team, limit: 30, first.nextCursor), as: owner)
        #expect(second.items.count == 21)
        #expect(second.nextCursor == nil)
        #expect(second.items.last?.user == late.user)
        #expect(Set(second.items.map(\.id)).isDisjoint(with: first.items.map(\.id)))
    }

    @Test func `a page after the last member is empty, and checks the permission again`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let viewer = try database.member(of: team, as: .viewer)
        try database.fill(team, 10)
        let cursor = try database.call(ListMembers.self, request(team, limit: 5), as: viewer).nextCursor
        try database.rows(
            """
            DELETE FROM nofx.team_members m
            WHERE team_id = \(team.id) AND role <> 'owner' AND user_id <> \(viewer.user)
            """
        )
        try database.rows("UPDATE nofx.team_members SET joined_at = now() - interval '1 year'")
        let page = try database.call(ListMembers.self, request(team, limit: 5, cursor), as: viewer)
        #expect(page.items.isEmpty)
        #expect(page.nextCursor == nil)
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(viewer.user)")
        let input = request(team, limit: 5, cursor)
        #expect(database.refusal(of: ListMembers.self, input, as: viewer) == "404 team_not_found")
        try database.add(viewer, to: team, as: .viewer, permissions: [])
        #expect(database.refusal(of: ListMembers.self, input, as: viewer) == "403 forbidden")
    }

    // Cases: teams 48
    @Test(arguments: ["0", "101", "-1", #""abc""#, "1.5", "1e1", "99999999999999999999", "[]", "true"])
    func `an invalid limit is rejected`(_ limit: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let problem = #expect(throws: Problem.self) {
            try database.call(ListMembers.self, team.changes(#""limit":\#(limit)"#), as: owner)
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["limit"])
    }

    // Cases: teams 49
    @Test func `a cursor of another team or another list is rejected`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team(of: owner))
        _ = try database.member(of: team, as: .viewer)
        _ = try database.member(of: other, as: .viewer)
        let cursor = try #require(try database.call(ListMembers.self, request(team, limit: 1), as: owner).nextCursor)
        #expect(database.refusal(of: ListMembers.self, request(team, limit: 1, cursor), as: owner) == nil)
        #expect(
            database.refusal(of: ListMembers.self, request(other, limit: 1, cursor), as: owner) == "422 invalid_cursor"
        )
    }

    // Cases: teams 49
    @Test(arguments: [
        ["listTeams", "1", "00000000-0000-7000-8000-000000000000"],
        ["listMembers", "yesterday", "00000000-0000-7000-8000-000000000000"],
        ["listMembers", "1", "' OR true --"],
        ["listMembers", "1"],
        ["listMembers", "1", "00000000-0000-7000-8000-000000000000", "more"],
        ["listMembers", "9223372036854775807", "00000000-0000-7000-8000-000000000000"],
        ["listMembers", "-9223372036854775808", "00000000-0000-7000-8000-000000000000"],
    ])
    func `a forged cursor is rejected`(_ parts: [String]) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let cursor = Cursor(list: parts[0], binding: team.id.description, keys: Array(parts.dropFirst()))
        let input = request(team, limit: 1, cursor)
        #expect(database.refusal(of: ListMembers.self, input, as: owner) == "422 invalid_cursor")
    }
}

extension TestDatabase {
    /// Fills a team up to a number of members, ten per joining time, before its owner's.
    fileprivate func fill(_ team: Team, _ count: Int) throws {
        try rows(
            """
            WITH members AS (SELECT count(*)::int AS present FROM nofx.team_members WHERE team_id = \(team.id)), person AS (
                INSERT INTO nofx.users (id, issuer, subject)
                SELECT gen_random_uuid(), 'https://issuer.test', \(team.id)::text || n
                FROM members, generate_series(members.present + 1, \(count)::int) AS n
                RETURNING id
            )
            INSERT INTO nofx.team_members (team_id, user_id, role, joined_at)
            SELECT \(team.id), id, 'viewer', now() - interval '1 second' * (row_number() OVER () / 10) FROM person
            """
        )
    }

    /// The members of a team, page by page.
    fileprivate func pages(of team: Team, limit: Int, as caller: Caller) throws -> [[ID<Member>]] {
        var pages: [[ID<Member>]] = []
        var cursor: Cursor?
        repeat {
            let page = try call(ListMembers.self, request(team, limit: limit, cursor), as: caller)
            pages.append(page.items.map(\.id))
            cursor = page.nextCursor
        } while cursor != nil && pages.count < 1_000
        return pages
    }
}

/// The input that requests a page.
private func request(_ team: Team, limit: Int, _ cursor: Cursor? = nil) -> String {
    var json = JSONWriter()
    json.object { json in
        json.member("teamId", team.id)
        json.member("limit", limit)
        json.member("cursor", cursor)
    }
    return String(decoding: json.bytes, as: UTF8.self)
}
