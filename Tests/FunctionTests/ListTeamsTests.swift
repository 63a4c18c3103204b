import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import nofx

@Suite struct ListTeamsTests {
    @Test func `the teams of the caller are listed, the last joined first`() throws {
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

    @Test func `teams that are deleted or may not be read are left out`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        let kept = try database.team("Kept", of: caller)
        let deleted = try database.team("Deleted", of: caller)
        try database.call(DeleteTeam.self, deleted.reference, as: caller)
        let closed = try database.team("Closed", of: .stranger())
        try database.add(caller, to: closed, as: .admin, permissions: [])
        #expect(try database.call(ListTeams.self, "{}", as: caller).items.map(\.team) == [kept.id])
    }

    @Test func `somebody who was never seen has no teams`() throws {
        let page = try TestDatabase().call(ListTeams.self, "{}", as: .stranger())
        #expect(page.items.isEmpty)
        #expect(page.nextCursor == nil)
    }

    // Cases: teams 45
    @Test(arguments: [100, 99, 50, 7])
    func `250 teams are paged without gaps and repetitions, also when joined at the same moment`(_ limit: Int) throws {
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
    @Test func `a last page that is full has no next`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(20, for: caller)
        let page = try database.call(ListTeams.self, "{}", as: caller)
        #expect(page.items.count == 20)
        #expect(page.nextCursor == nil)
    }

    // Cases: teams 46
    @Test func `what is joined and left between pages repeats nothing and loses nothing else`() throws {
        let database = try TestDatabase()
        let caller = Caller.stranger()
        try database.fill(40, for: caller)
        let first = try database.call(ListTeams.self, #"{"limit":20}"#, as: caller)
        let cursor = try #require(first.nextCursor)
        let last = try #require(first.items.last)
        _ = try database.team("New", of: caller)
        // The very team that the cursor stands on goes away.
        try database.rows("DELETE FROM nofx.team_members WHERE team_id = \(last.team) AND user_id = \(caller.user)")
        let second = try database.call(ListTeams.self, request(limit: 20, cursor), as: caller)
        #expect(second.items.count == 20)
        #expect(second.nextCursor == nil)
        #expect(Set(second.items.map(\.team)).isDisjoint(with: first.items.map(\.team)))
    }

    // Cases: teams 48
    @Test(arguments: ["0", "101", "-1", #""abc""#, "1.5", "1e1", "99999999999999999999", "[]", "true"])
    func `a limit that is none is refused`(_ limit: String) throws {
        let database = try TestDatabase()
        let problem = #expect(throws: Problem.self) {
            try database.call(ListTeams.self, #"{"limit":\#(limit)}"#, as: .stranger())
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["limit"])
    }

    // Cases: teams 49
    @Test func `a cursor of somebody else's list is refused`() throws {
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
    func `a cursor that no page gave out is refused`(_ content: [String]) throws {
        let caller = Caller.stranger()
        let cursor = Cursor(list: content[0], binding: caller.user.description, keys: Array(content.dropFirst()))
        let input = request(limit: 1, cursor)
        #expect(try TestDatabase().refusal(of: ListTeams.self, input, as: caller) == "422 invalid_cursor")
    }

    // Cases: teams 49
    @Test(arguments: [#""""#, #""e30""#, #""!""#, "7", #""\#(String(repeating: "A", count: 513))""#, "{}"])
    func `what is no cursor at all is refused`(_ cursor: String) throws {
        let problem = #expect(throws: Problem.self) {
            try TestDatabase().call(ListTeams.self, #"{"cursor":\#(cursor)}"#, as: .stranger())
        }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == ["cursor"])
    }
}

extension TestDatabase {
    /// Makes somebody a member of many teams of others, ten at a time.
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

    /// The teams of somebody, page by page.
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

/// An event that asks for a page.
private func request(limit: Int, _ cursor: Cursor?) -> String {
    var json = JSONWriter()
    json.object { json in
        json.member("limit", limit)
        json.member("cursor", cursor)
    }
    return String(decoding: json.bytes, as: UTF8.self)
}
