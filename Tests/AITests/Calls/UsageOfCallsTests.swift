import AI
import Base
import Core
import Postgres
import TestSupport
import Testing

/// The recorded usage of calls, including the cost of unusable answers.
@Suite struct UsageOfCallsTests {
    private func withMock(_ settings: String..., body: (LLMock, Asker) throws -> Void) throws {
        let database = try TestDatabase()
        let run: (LLMock) throws -> Void = { mock in
            try body(mock, Asker(database, anthropic: mock.anthropic, openAI: mock.openAI))
        }
        guard let setting = settings.first else { return try LLMock.run(body: run) }
        try LLMock.run(setting, body: run)
    }

    // Cases: ai 54
    @Test func `an unusable answer is recorded beside the usable one`() throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let asker = Asker(database, openAI: server.openAI, ["NOFX_RETRY_BASE_MS": "5"])
            let question = CompletionRequest(Asker.prompt(), model: "fault:bad-json*1")
            #expect(try asker.ask(question).attempts.map(\.code) == [.badResponse, nil])
            let outcomes = try database.value(
                "SELECT array_agg(outcome ORDER BY attempt) FROM nofx.ai_attempts",
                as: [String].self
            )
            #expect(outcomes == ["ai_bad_response", "ok"])
        }
    }

    @Test func `the reported usage of a stream that was cut is charged`() throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let asker = Asker(database, anthropic: server.url, ["ANTHROPIC_MODEL": "claude-haiku-4-5"])
            var providers = try asker.providers()
            let request = CompletionRequest(Asker.prompt(), model: "fault:sse-truncated")
            let error = #expect(throws: AIError.self) {
                try providers.callAnthropic(request, deadline: .test, onText: { _ in })
            }

            #expect(error?.code == .truncated)
            #expect(error?.attempts.first?.tokens?.prompt == 19)
            #expect(try database.value("SELECT input_tokens FROM nofx.ai_attempts", as: Int.self) == 12)
        }
    }

    @Test func `a locked budget does not make the breakers unavailable`() throws {
        let database = try TestDatabase()
        try LLMock.run { mock in
            let team = UUID.v7()
            try database.rows("INSERT INTO nofx.ai_budgets (team_id, daily_nano_usd) VALUES (\(team), 1000000000)")
            try database.rows("SELECT nofx.circuit_set('openai', 'force_open')")
            var holder = try database.connect()
            try holder.transaction(deadline: .test) { transaction in
                try transaction.run("SELECT pg_advisory_xact_lock(hashtextextended('nofx.ai_budgets/' || \(team), 0))")
                let asker = Asker(database, openAI: mock.openAI)
                let error = try asker.failure(
                    CompletionRequest(Asker.prompt()),
                    for: team,
                    deadline: .after(.seconds(20))
                )
                #expect(error?.code == .circuitOpen)
            }
            #expect(try mock.requests().isEmpty)
            // A rejected call makes no reservation.
            #expect(try database.value("SELECT count(*) FROM nofx.ai_reservations", as: Int.self) == 0)
        }
    }

    // Cases: ai 30
    @Test func `a refusal is an error and is charged`() throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let answer = #"""
                {"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[],
                 "stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber"},
                 "usage":{"input_tokens":100,"output_tokens":10}}
                """#
            try server.answer("refusal", status: 200, body: answer)
            let asker = Asker(database, anthropic: server.url)
            let error = try #require(try asker.failure(CompletionRequest(Asker.prompt(), model: "fault:refusal")))

            #expect(error.code == .refused)
            #expect(error.attempts.count == 1)
            #expect(error.problem.status == 422)
            #expect(error.problem.members["category"] == "cyber")
            #expect(try asker.breaker("anthropic-ai") == ("closed", 0, 0))
            #expect(
                try database.value("SELECT input_tokens FROM nofx.ai_attempts", as: Int.self) == 100
            )
        }
    }

    // Cases: ai 31
    @Test func `an answer at its token limit is marked as truncated`() throws {
        let database = try TestDatabase()
        try FaultServer.run { server in
            let answer = #"""
                {"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5",
                 "content":[{"type":"text","text":"Once upon"}],"stop_reason":"max_tokens",
                 "usage":{"input_tokens":9,"output_tokens":2}}
                """#
            try server.answer("limit", status: 200, body: answer)
            let asker = Asker(database, anthropic: server.url)
            let answered = try asker.ask(CompletionRequest(Asker.prompt(), model: "fault:limit"))

            #expect(answered.completion.isTruncated)
            #expect(answered.completion.text == "Once upon")
        }
    }

    // Cases: ai 32
    @Test func `an empty answer is retried once`() throws {
        try withMock { mock, asker in
            try mock.scenario(#"{"type":"reply","text":"","times":2}"#)
            let error = try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"])

            #expect(error?.code == .empty)
            #expect(try mock.requests().count == 2)
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }

    // Cases: ai 67
    @Test func `an answer that violates the schema is corrected once`() throws {
        try withMock { mock, asker in
            var request = CompletionRequest(Asker.prompt())
            request.schema = try OutputSchema(
                name: "sum",
                #"{"type":"object","properties":{"sum":{"type":"integer"}},"required":["sum"]}"#
            )
            try mock.scenario(#"{"type":"reply","text":"Four."}"#, #"{"type":"reply","text":"{\"sum\":4}"}"#)
            let answer = try asker.ask(request, of: ["openai"])
            #expect(answer.completion.text == #"{"sum":4}"#)
            #expect(answer.attempts.map(\.code) == [.schemaMismatch, nil])
            let second = try #require(try mock.requests().last?["body"]?["messages"])
            #expect(second.count == 3)

            try mock.scenario(#"{"type":"reply","text":"Four.","times":3}"#)
            let error = try asker.failure(request, of: ["openai"])
            #expect(error?.code == .schemaMismatch)
            #expect(error?.attempts.count == 2)
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }

    @Test func `a team's calls count against its budget, which rejects later calls`() throws {
        let database = try TestDatabase()
        try LLMock.run { mock in
            let team = UUID.v7()
            try database.rows("INSERT INTO nofx.ai_budgets (team_id, daily_nano_usd) VALUES (\(team), 1)")
            let asker = Asker(database, openAI: mock.openAI)
            try mock.scenario(#"{"type":"reply","text":"Four."}"#)
            #expect(
                try asker.ask(CompletionRequest("What is two and two, my friend?"), for: team).cost ?? .zero > .zero
            )
            let error = try #require(try asker.failure(CompletionRequest(Asker.prompt()), for: team))

            #expect(error.code == .budgetExceeded)
            #expect(error.problem.status == 402)
            #expect(try mock.requests().count == 1)
            #expect(try asker.ask(CompletionRequest(Asker.prompt())).completion.text.isEmpty == false)
        }
    }

    // Cases: ai 69
    @Test func `of 50 concurrent calls, a fifth of them rate-limited, each attempt is recorded once`() throws {
        try withMock("LLMOCK_ERROR_RATE_429=0.2") { mock, asker in
            let outcomes = try runConcurrently(50) { _, barrier in
                var providers = try asker.providers()
                barrier()
                do throws(AIError) {
                    return try providers.callOpenAI(CompletionRequest(Asker.prompt()), deadline: .test).attempts
                } catch {
                    return error.attempts
                }
            }.flatMap(\.self)
            let sent = try mock.requests().count

            #expect(outcomes.count { $0.status != nil } == sent)
            #expect(try asker.database.value("SELECT count(*) FROM nofx.ai_attempts", as: Int.self) == sent)
            #expect(
                try asker.database.value("SELECT sum(attempts)::bigint FROM nofx.ai_usage_daily", as: Int.self) == sent
            )
            #expect(try asker.breaker().state == "closed")
        }
    }

    // Cases: ai 49
    @Test func `a provider's reported rate limits are stored for operators`() throws {
        try withMock("LLMOCK_RPM=2") { mock, asker in
            for _ in 0..<2 { _ = try asker.ask(CompletionRequest(Asker.prompt()), of: ["openai"]) }
            let limits = try asker.database.value(
                """
                SELECT rate_limit -> 'requests' ->> 'remaining' FROM nofx.circuit_counters
                WHERE name = 'openai' ORDER BY rate_limit_at DESC LIMIT 1
                """,
                as: String.self
            )
            #expect(limits == "0")
        }
    }
}
