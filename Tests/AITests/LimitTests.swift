import AI
import Base
import Core
import Postgres
import TestSupport
import Testing

/// The limits of requests and tokens per minute that an operator sets for a team.
@Suite struct LimitTests {
    private let database: TestDatabase
    private let team = UUID.v7()

    init() throws {
        database = try TestDatabase()
    }

    private func limit(_ model: String, requests: Int? = nil, tokens: Int? = nil, of other: UUID? = nil) throws {
        try database.rows(
            """
            INSERT INTO nofx.ai_limits (team_id, model, requests_per_minute, tokens_per_minute)
            VALUES (\(other ?? team), \(model), \(requests), \(tokens))
            """
        )
    }

    private func store() throws -> PostgresStores {
        var store = PostgresStores(Database(at: try ConnectionString(database.operatorURL)), log: .silent)
        store.usageLimit = .seconds(60)
        return store
    }

    /// The seconds to wait, or nil if the attempt is admitted.
    private func begin(
        _ store: inout PostgresStores,
        _ model: String = "openai/gpt-4.1",
        tokens: Int = 0,
        of other: UUID? = nil,
        call: UUID = .v7()
    ) throws -> Int? {
        let names = model.split(separator: "/").map(String.init)
        let start = AttemptStart(
            call: call,
            team: other ?? team,
            provider: names[0],
            model: names[1],
            tokens: TokenUsage(input: tokens),
            cost: nil
        )
        do {
            try store.begin(start, within: Budget(), lifetime: .seconds(600))
            return nil
        } catch AttemptRefusal.limited(let seconds) {
            return seconds
        }
    }

    @Test func `a minute allows as many requests as the limit says, and later one at a time`() throws {
        try limit("openai/gpt-4.1", requests: 3)
        var store = try store()
        for _ in 1...3 { #expect(try begin(&store) == nil) }
        let wait = try #require(try begin(&store))
        #expect((1...20).contains(wait))
        try database.rows("UPDATE nofx.ai_limits SET requests_until = requests_until - interval '20 seconds'")
        #expect(try begin(&store) == nil)
        #expect(try begin(&store) != nil)
        #expect(try database.value("SELECT count(*) FROM nofx.ai_attempts") == 4)
    }

    @Test func `a limit is about one model, a provider or all, and each must allow the call`() throws {
        try limit("openai/gpt-4.1", requests: 1)
        try limit("openai/*", requests: 2)
        try limit("*", requests: 3)
        var store = try store()
        #expect(try begin(&store) == nil)
        #expect(try begin(&store) != nil)
        #expect(try begin(&store, "openai/gpt-4.1-mini") == nil)
        #expect(try begin(&store, "openai/gpt-4.1-mini") != nil)
        #expect(try begin(&store, "anthropic-ai/claude") == nil)
        #expect(try begin(&store, "anthropic-ai/claude") != nil)
        #expect(try begin(&store, of: .v7()) == nil)
        // A refused call takes nothing from any limit.
        #expect(try database.value("SELECT count(*) FROM nofx.ai_attempts") == 4)
    }

    @Test func `tokens are taken as estimated and given back as counted`() throws {
        try limit("*", tokens: 1_000)
        var store = try store()
        #expect(try begin(&store, tokens: 900, call: .one) == nil)
        #expect(try begin(&store, tokens: 200) != nil)
        var record = UsageRecord.spending(1, call: .one)
        record.team = team
        record.tokens = TokenUsage(input: 100)
        try store.record(record)
        #expect(try begin(&store, tokens: 800) == nil)
        #expect(try begin(&store, tokens: 200) != nil)
    }

    @Test func `a call with more tokens than a minute allows is admitted when nothing else is used`() throws {
        try limit("*", tokens: 1_000)
        var store = try store()
        #expect(try begin(&store, tokens: 5_000) == nil)
        let wait = try #require(try begin(&store, tokens: 1))
        #expect((230...300).contains(wait))
        // After a clock step the team waits for a day at most.
        try database.rows("UPDATE nofx.ai_limits SET tokens_until = now() + interval '100 years'")
        let longest = try #require(try begin(&store, tokens: 1))
        #expect(longest <= 86_400)
    }

    @Test func `of 32 processes, exactly as many as the limit says send a request`() throws {
        try limit("openai/*", requests: 10)
        let admitted = try runConcurrently(32) { _, barrier in
            var store = try store()
            try store.release(.v7())
            barrier()
            return try begin(&store) == nil
        }
        #expect(admitted.count(where: \.self) == 10)
    }

    @Test func `a call over the limit is refused without a request, and another provider is asked`() throws {
        try FaultServer.run { server in
            try limit("openai/*", requests: 1)
            let asker = Asker(database, anthropic: server.url, openAI: server.openAI)
            #expect(try asker.ask(CompletionRequest(Asker.prompt()), of: ["openai"], for: team).provider == "openai")
            let error = try #require(try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"], for: team))
            #expect(error.code == .limitReached)
            #expect(error.problem.status == 429)
            #expect((1...60).contains(try #require(error.problem.retryAfter)))
            #expect(try server.requests().count == 1)
            #expect(try asker.breaker() == ("closed", 0, 0))
            let answer = try asker.ask(CompletionRequest(Asker.prompt()), of: ["openai", "anthropic-ai"], for: team)
            #expect(answer.provider == "anthropic-ai")
            #expect(answer.attempts.map(\.code) == [.limitReached, nil])
        }
    }
}
