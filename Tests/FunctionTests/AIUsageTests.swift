import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import AI
@testable import nofx

@Suite struct AIUsageTests {
    @Test func `a day's attempts are summed exactly by provider and model`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        var reported = team.attempt(nil, provider: "openrouter", model: "qwen")
        reported.providerCostNanoUSD = 250_000_001
        try database.record(
            team.attempt(100_000_001),
            team.attempt(200_000_002),
            team.attempt(0, outcome: "ai_overloaded"),
            team.attempt(1, provider: "anthropic-ai", model: "claude-haiku-5-5"),
            reported
        )
        // A fixed day, so that every run is the same.
        try database.rows("UPDATE nofx.ai_usage_daily SET day = '2026-01-31'")
        let page = try database.call(AIUsage.self, team.reference, as: owner)
        #expect(
            page.items.map { "\($0.day) \($0.provider) \($0.model)" } == [
                "2026-01-31 anthropic-ai claude-haiku-5-5", "2026-01-31 openai gpt-6-sol", "2026-01-31 openrouter qwen",
            ]
        )
        #expect(
            String(decoding: page.items[1].jsonBytes, as: UTF8.self)
                == #"{"day":"2026-01-31","provider":"openai","model":"gpt-6-sol","attempts":3,"succeeded":2,"failed":1,"#
                + #""unpriced":0,"tokens":{"input":300,"output":60,"cacheRead":9,"cacheWrite5m":12,"cacheWrite1h":15,"#
                + #""reasoning":18},"costUsd":"0.300000003","providerCostUsd":null}"#
        )
        #expect(page.items[2].unpriced == 1)
        #expect(page.items[2].cost.description == "0")
        #expect(page.items[2].providerCost?.description == "0.250000001")
    }

    @Test func `the newest day is listed first, and filters narrow the list`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team)
        func found(_ filter: String) throws -> [String] {
            try database.call(AIUsage.self, team.changes(filter + #""limit":100"#), as: owner).items
                .map { "\($0.day) \($0.provider) \($0.model)" }
        }
        let all = try found("")
        #expect(all.count == 40)
        #expect(all.prefix(2) == ["2026-02-10 anthropic-ai model-1", "2026-02-10 anthropic-ai model-2"])
        #expect(all.last == "2026-02-01 openai model-2")
        #expect(try found(#""since":"2026-02-10","#).count == 4)
        #expect(try found(#""until":"2026-02-02","#).count == 4)
        #expect(try found(#""since":"2026-02-03","until":"2026-02-05","#).count == 8)
        #expect(try found(#""provider":"openai","#).count == 20)
        #expect(
            try found(#""model":"model-1","provider":"openai","since":"2026-02-10","#) == ["2026-02-10 openai model-1"]
        )
        #expect(try found(#""model":"nobody's","#) == [])
    }

    @Test(arguments: [100, 7, 4, 1])
    func `40 items are paged without gaps or repetitions, also within one day`(limit: Int) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.fill(team)
        let pages: [[DailyUsage]] = try database.pages(
            AIUsage.self,
            #""teamId":"\#(team.id)","limit":\#(limit)"#,
            as: owner
        )
        let all: [String] = try database.value(
            """
            SELECT array_agg(concat_ws(' ', to_char(day, 'YYYY-MM-DD'), provider, model) ORDER BY day DESC, provider, model)
            FROM nofx.ai_usage_daily
            """
        )
        #expect(pages.flatMap { $0 }.map { "\($0.day) \($0.provider) \($0.model)" } == all)
        #expect(pages.count == (40 + limit - 1) / limit)
    }

    @Test func `a cursor works with any model name`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let names = ["\"", "\\", "x", "é\u{0}".replacing("\u{0}", with: "\n")]
        for name in names {
            let model = String(repeating: name, count: 300)
            try database.record(team.attempt(1, provider: String(repeating: "p", count: 100), model: model))
        }
        let pages: [[DailyUsage]] = try database.pages(AIUsage.self, #""teamId":"\#(team.id)","limit":1"#, as: owner)
        #expect(pages.count == names.count)
    }

    @Test(
        arguments: [
            (Role.owner, nil, nil), (.admin, nil, nil), (.member, nil, nil), (.viewer, nil, nil),
            (.viewer, [], "403 forbidden"), (.admin, [.write, .admin], "403 forbidden"), (.member, [.read], nil),
        ] as [(Role, [Permission]?, String?)]
    )
    func `usage is visible with read permission`(_ role: Role, _ override: [Permission]?, _ refusal: String?) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let caller = role == .owner ? owner : try database.member(of: team, as: role, permissions: override)
        #expect(database.refusal(of: AIUsage.self, team.reference, as: caller) == refusal)
        try database.call(DeleteTeam.self, team.reference, as: owner)
        #expect(database.refusal(of: AIUsage.self, team.reference, as: caller) == refusal)
    }

    @Test func `a key needs the scope read and the team`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger(isOperator: true)
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        let (reader, writer) = (
            try database.keyHolder(for: owner, [.read]), try database.keyHolder(for: owner, [.write])
        )
        let bound = try database.keyHolder(for: owner, [.read], team: other)
        let operating = try database.keyHolder(for: owner, [.operations])
        #expect(database.refusal(of: AIUsage.self, team.reference, as: reader) == nil)
        #expect(database.refusal(of: AIUsage.self, team.reference, as: writer) == "403 insufficient_scope")
        #expect(database.refusal(of: AIUsage.self, team.reference, as: operating) == "403 insufficient_scope")
        #expect(database.refusal(of: AIUsage.self, team.reference, as: bound) == "404 team_not_found")
    }

    @Test func `another team's usage and usage without a team are not visible`() throws {
        let database = try TestDatabase()
        let (owner, rival) = (Caller.stranger(), Caller.stranger(isOperator: true))
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: rival))
        var nobodys = team.attempt(1)
        nobodys.team = nil
        try database.record(team.attempt(1), nobodys)
        #expect(try database.call(AIUsage.self, other.reference, as: rival).items.isEmpty)
        #expect(database.refusal(of: AIUsage.self, team.reference, as: rival) == "404 team_not_found")
        let zero = #"{"teamId":"00000000-0000-0000-0000-000000000000"}"#
        #expect(database.refusal(of: AIUsage.self, zero, as: rival) == "404 team_not_found")
        #expect(database.refusal(of: AIUsage.self, team.reference, as: nil) == "401 unauthenticated")
        let seen = try database.asFunction(for: rival, "SELECT count(*) FROM nofx.ai_usage_daily")
        #expect(try seen.value() == 0)
    }

    @Test func `each page checks the permission again, and a cursor is valid only for its list`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        let viewer = try database.member(of: team, as: .viewer)
        try database.fill(team)
        let members = #""teamId":"\#(team.id)","limit":5"#
        let cursor = try database.call(AIUsage.self, "{\(members)}", as: viewer).nextCursor
        let next = input(members, cursor)
        #expect(try database.call(AIUsage.self, next, as: owner).items.count == 5)
        for filter in [
            #""teamId":"\#(other.id)""#, members + #","since":"2026-01-01""#, members + #","until":"2027-01-01""#,
            members + #","provider":"openai""#, members + #","model":"model-1""#,
        ] {
            #expect(database.refusal(of: AIUsage.self, input(filter, cursor), as: owner) == "422 invalid_cursor")
        }
        #expect(database.refusal(of: ListActivity.self, next, as: owner) == "422 invalid_cursor")
        try database.rows("DELETE FROM nofx.team_members WHERE user_id = \(viewer.user)")
        #expect(database.refusal(of: AIUsage.self, next, as: viewer) == "404 team_not_found")
    }

    @Test(arguments: [
        ["x", "p", "m"], ["2026-02-30", "p", "m"], ["2026-01-01", "p"], ["2026-01-01", "p", "m", "x"],
    ])
    func `a cursor that this list did not issue is rejected`(_ keys: [String]) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let cursor = Cursor(list: "aiUsage", binding: "\(team.id)///0//", keys: keys)
        let event = input(#""teamId":"\#(team.id)""#, cursor)
        #expect(database.refusal(of: AIUsage.self, event, as: owner) == "422 invalid_cursor")
    }

    @Test(arguments: [
        (#""limit":0"#, "limit"), (#""since":"2026-01-01T00:00:00Z""#, "since"), (#""until":"yesterday""#, "until"),
        (#""since":"2026-02-29""#, "since"), (#""provider":"""#, "provider"), (#""model":7"#, "model"),
        (#""since":"2026-01-02","until":"2026-01-02""#, ""), (#""day":"2026-01-01""#, "day"),
    ])
    func `an invalid input is rejected`(_ members: String, _ field: String) throws {
        let event = #"{"teamId":"\#(ID<Team>.make())",\#(members)}"#
        let problem = #expect(throws: Problem.self) { try TestDatabase().call(AIUsage.self, event, as: .stranger()) }
        #expect(problem?.status == 422)
        #expect(problem?.violations.map(\.field) == [field])
    }
}

extension TestDatabase {
    /// Writes 40 items of a team: two models each of two providers on ten days.
    fileprivate func fill(_ team: Team) throws {
        try rows(
            """
            INSERT INTO nofx.ai_usage_daily
            SELECT \(team.id), '2026-02-01'::date + day, provider, 'model-' || model,
                   1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, NULL, 1
            FROM generate_series(0, 9) AS day, unnest('{openai,anthropic-ai}'::text[]) AS provider,
                 generate_series(1, 2) AS model
            """
        )
    }
}
