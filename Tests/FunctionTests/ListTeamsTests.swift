import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ListTeamsTests {
    @Test func `the caller's teams are listed, the last joined first`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let (first, second) = (try database.team("First", of: caller), try database.team("Second", of: caller))
        let other = try database.team("Other", of: .stranger())
        try database.add(caller, to: other, as: .viewer)
        let page = try database.call(ListTeams.self, "{}", as: caller)
        #expect(page.items.map(\.team) == [other.id, second.id, first.id])
        #expect(page.items.map(\.role) == [.viewer, .owner, .owner])
        #expect(page.items.map(\.slug) == [other.slug, second.slug, first.slug])
        #expect(page.nextCursor == nil)
    }

    @Test func `deleted teams and teams without read permission are omitted`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let kept = try database.team("Kept", of: caller)
        let deleted = try database.team("Deleted", of: caller)
        try database.call(DeleteTeam.self, deleted.reference, as: caller)
        let closed = try database.team("Closed", of: .stranger())
        try database.add(caller, to: closed, as: .admin, permissions: [])
        #expect(try database.call(ListTeams.self, "{}", as: caller).items.map(\.team) == [kept.id])
    }

    @Test func `a new user has no teams`() throws {
        let page = try TestDatabase().call(ListTeams.self, "{}", as: .stranger())
        #expect(page.items.isEmpty)
        #expect(page.nextCursor == nil)
    }

    // Cases: teams 45
    @Test(arguments: [100, 99, 50, 7])
    func `250 teams are paged without gaps or repetitions, also with equal times`(_ limit: Int) throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(250, for: caller)
        let pages = try database.pages(of: caller, limit: limit)
        let expected: [UUID] = try database.value(
            """
            SELECT array_agg(team_id ORDER BY joined_at DESC, team_id DESC)
            FROM nofx.team_members WHERE user_id = \(caller.user)
            """
        )
        #expect(pages.flatMap { $0 }.map(\.uuid) == expected)
        #expect(pages.count == (250 + limit - 1) / limit)
        #expect(pages.dropLast().allSatisfy { $0.count == limit })
    }

    // Cases: teams 45
    @Test func `a full last page has no next cursor`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(20, for: caller)
        let page = try database.call(ListTeams.self, "{}", as: caller)
        #expect(page.items.count == 20)
        #expect(page.nextCursor == nil)
    }

    // Cases: teams 46
    @Test func `joining and leaving between two pages causes no repetitions and no gaps`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(40, for: caller)
        let first = try database.call(ListTeams.self, #"{"limit":20}"#, as: caller)
        let cursor = try #require(first.nextCursor)
        let last = try #require(first.items.last)
        _ = try database.team("New", of: caller)
        // The team that the cursor points to is left.
        try database.rows("DELETE FROM nofx.team_members WHERE team_id = \(last.team) AND user_id = \(caller.user)")
        let second = try database.call(ListTeams.self, request(limit: 20, cursor), as: caller)
        #expect(second.items.count == 20)
        #expect(second.nextCursor == nil)
        #expect(Set(second.items.map(\.team)).isDisjoint(with: first.items.map(\.team)))
    }

    // Cases: teams 48
    @Test(arguments: ["0", "101", "-1", #""abc""#, "1.5", "1e1", "99999999999999999999", "[]", "true"])
    func `an invalid limit is rejected`(_ limit: String) throws {
        let database = try TestDatabase()
        let problem = #expect(throws: Problem.self) {
            try database.call(ListTeams.self, #"{"limit":\#(limit)}"#, as: .stranger())
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["limit"])
    }

    // Cases: teams 49
    @Test func `a cursor of another user's list is rejected`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(2, for: caller)
        let page = try database.call(ListTeams.self, #"{"limit":1}"#, as: caller)
        let cursor = try #require(page.nextCursor)
        let input = request(limit: 1, cursor)
        #expect(database.refusal(of: ListTeams.self, input, as: .stranger()) == "422 invalid_cursor")
        #expect(database.refusal(of: ListTeams.self, input, as: caller) == nil)
    }

    @Test(arguments: [
        ["listMembers", "1", "00000000-0000-7000-8000-000000000000"],
        ["listTeams", "yesterday", "00000000-0000-7000-8000-000000000000"],
        ["listTeams", "1", "' OR true --"],
        ["listTeams", "1"],
        ["listTeams", "1", "00000000-0000-7000-8000-000000000000", "more"],
        ["listTeams", "9223372036854775807", "00000000-0000-7000-8000-000000000000"],
        ["listTeams", "-9223372036854775808", "00000000-0000-7000-8000-000000000000"],
        ["listTeams", "9224318016000000000", "00000000-0000-7000-8000-000000000000"],
    ])
    func `a cursor that this list did not issue is rejected`(_ content: [String]) throws {
        let caller = Caller.stranger()
        let cursor = Cursor(list: content[0], binding: caller.user.description, keys: Array(content.dropFirst()))
        let input = request(limit: 1, cursor)
        #expect(try TestDatabase().refusal(of: ListTeams.self, input, as: caller) == "422 invalid_cursor")
    }

    // Cases: teams 49
    @Test(arguments: [#""""#, #""e30""#, #""!""#, "7", #""\#(String(repeating: "A", count: 513))""#, "{}"])
    func `a malformed cursor is rejected`(_ cursor: String) throws {
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(ListTeams.self, #"{"cursor":\#(cursor)}"#, as: .stranger())
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["cursor"])
    }
}

extension TestDatabase {
    /// Makes a user a member of many teams of others, ten at a time.
    fileprivate func fill(_ count: Int, for caller: Caller) throws {
        let seed = try team("Seed", of: .stranger())
        try add(caller, to: seed, as: .viewer)
        try rows(
            """
            WITH team AS (
                INSERT INTO nofx.teams (id, name, slug, owner_id)
                SELECT gen_random_uuid(), 'Team ' || n, 'team-' || n, \(seed.owner)
                FROM generate_series(2, \(count)) AS n
                RETURNING id, slug
            ), owner AS (
                INSERT INTO nofx.team_members (team_id, user_id, role) SELECT id, \(seed.owner), 'owner' FROM team
            )
            INSERT INTO nofx.team_members (team_id, user_id, role, joined_at)
            SELECT id, \(caller.user), 'member', now() - interval '1 second' * (substr(slug, 6)::int / 10) FROM team
            """
        )
    }

    /// A user's teams, page by page.
    fileprivate func pages(of caller: Caller, limit: Int) throws -> [[ID<Team>]] {
        var pages: [[ID<Team>]] = []
        var cursor: Cursor?
        repeat {
            let page = try call(ListTeams.self, request(limit: limit, cursor), as: caller)
            pages.append(page.items.map(\.team))
            cursor = page.nextCursor
        } while cursor != nil && pages.count < 1_000
        return pages
    }
}

/// The input that requests a page.
private func request(limit: Int, _ cursor: Cursor?) -> String {
    var json = JSONWriter()
    json.object { json in
        json.member("limit", limit)
        json.member("cursor", cursor)
    }
    return String(decoding: json.bytes, as: UTF8.self)
}
