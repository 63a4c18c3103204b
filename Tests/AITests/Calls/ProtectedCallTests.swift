import AI
import Base
import Core
import Postgres
import TestSupport
import Testing

/// AI calls against a third-party simulator of the providers, which judges the behavior of its client.
@Suite struct ProtectedCallTests {
    /// Runs a body with the simulator, and expects a clean verdict.
    private func withMock(
        _ settings: String...,
        more: [String: String] = [:],
        body: (LLMock, Asker) throws -> Void
    ) throws {
        let database = try TestDatabase()
        try LLMock.run { mock in
            let asker = Asker(database, anthropic: mock.anthropic, openAI: mock.openAI, more)
            try body(mock, asker)
            let verdict = try mock.verdict()
            #expect(verdict.errors == [])
            #expect(verdict.warnings == [])
        }
    }

    // Cases: ai 1
    @Test func `Anthropic answers, and the cost is known`() throws {
        try withMock { mock, asker in
            try mock.scenario(#"{"type":"reply","text":"Four."}"#)
            var providers = try asker.providers()
            let answer = try providers.callAnthropic(CompletionRequest(Asker.prompt()), deadline: .test)

            #expect(answer.completion.text == "Four.")
            #expect(answer.provider == "anthropic-ai")
            #expect(answer.attempts.count == 1)
            #expect(!answer.usedFallback)
            let usage = try #require(answer.completion.usage)
            #expect(answer.cost == USDollars(rawValue: Int64(usage.input) * 1_000 + Int64(usage.output) * 5_000))
        }
    }

    // Cases: ai 2
    @Test(arguments: ["chat", "responses"]) func `OpenAI answers in both of its formats`(wire: String) throws {
        try withMock(more: ["OPENAI_WIRE": wire]) { mock, asker in
            try mock.scenario(#"{"type":"reply","text":"Four."}"#)
            var providers = try asker.providers()
            let answer = try providers.callOpenAI(CompletionRequest(Asker.prompt()), deadline: .test)

            #expect(answer.completion.text == "Four.")
            #expect(answer.attempts.map(\.code) == [nil])
            let path = try #require(try mock.requests().first?["path"]?.string)
            #expect(path == (wire == "chat" ? "/v1/chat/completions" : "/v1/responses"))
        }
    }

    // Cases: ai 4
    @Test func `a rate limit is waited out, is not a failure, and applies to other calls`() throws {
        try withMock { mock, asker in
            try mock.scenario(#"{"type":"fail","status":429,"retry_after":0.4,"times":2}"#)
            let answer = try asker.ask(CompletionRequest(Asker.prompt()), of: ["openai"])

            #expect(answer.attempts.map(\.code) == [.rateLimited, .rateLimited, nil])
            #expect(try asker.breaker() == ("closed", 0, 0))
            #expect(
                try asker.database.value(
                    "SELECT cooldown_reason FROM nofx.circuit_breakers WHERE name = 'openai/gpt-4.1'",
                    as: String.self
                ) == "rate_limited"
            )
        }
    }

    // Cases: ai 12
    @Test(arguments: [408, 500, 502, 503, 504, 529])
    func `a transient error is retried and counts against the provider`(status: Int) throws {
        try withMock { mock, asker in
            try mock.scenario(#"{"type":"fail","status":\#(status),"times":1}"#)
            let answer = try asker.ask(CompletionRequest(Asker.prompt()), of: ["anthropic-ai"])

            #expect(answer.attempts.map { $0.code == nil } == [false, true])
            #expect(answer.attempts.map(\.status) == [status, 200])
            // The success that follows resets the count.
            #expect(try asker.breaker("anthropic-ai") == ("closed", 0, 0))
        }
    }

    // Cases: ai 11; breaker 53
    @Test func `a permanent failure ends after the policy's retries, with growing waits`()
        throws
    {
        // Long waits, and three of them: the simulator compares the gaps, which a busy machine lengthens.
        let waits = ["NOFX_RETRY_MAX": "3", "NOFX_RETRY_BASE_MS": "500", "NOFX_RETRY_CAP_MS": "8000"]
        try withMock(more: waits) { mock, asker in
            try mock.scenario(#"{"type":"fail","status":500,"times":null}"#)
            let error = try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"])

            #expect(error?.code == .upstreamError)
            #expect(error?.attempts.map(\.status) == [500, 500, 500, 500])
            #expect(try asker.breaker("openai/gpt-4.1") == ("closed", 4, 0))
            #expect(try asker.breaker() == ("closed", 0, 0))
        }
    }

    // Cases: ai 13; breaker 47
    @Test(arguments: [
        (400, AIError.Code.badRequest), (401, .authFailed), (403, .forbidden), (404, .modelNotFound),
        (413, .contextTooLong), (422, .badRequest),
    ])
    func `errors of our request are not retried and not counted as failures`(status: Int, code: AIError.Code) throws {
        try withMock { mock, asker in
            try mock.scenario(#"{"type":"fail","status":\#(status),"times":null}"#)
            for provider in ["anthropic-ai", "openai"] {
                let error = try asker.failure(CompletionRequest(Asker.prompt()), of: [provider])

                #expect(error?.code == code)
                #expect(error?.attempts.count == 1)
                #expect(try asker.breaker(provider) == ("closed", 0, 0))
            }
            #expect(try mock.requests().count == 2)
        }
    }

    // Cases: ai 16; breaker 52
    @Test func `five failures open the breaker, and the next call sends no request`() throws {
        try withMock(more: ["NOFX_RETRY_MAX": "5"]) { mock, asker in
            try mock.scenario(#"{"type":"fail","status":529,"times":null}"#)
            let first = try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"])
            let second = try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"])

            // The fifth failure opens the breaker, which rejects the last retry.
            #expect(first?.attempts.map(\.status) == [529, 529, 529, 529, 529, nil])
            #expect(first?.code == .circuitOpen)
            #expect(second?.attempts.map(\.code) == [.circuitOpen])
            #expect(try mock.requests().count == 5)
            let problem = try #require(second?.problem)
            #expect(problem.status == 503)
            #expect(problem.code == "ai_circuit_open")
            #expect((1...120).contains(problem.retryAfter ?? 0))
        }
    }

    // Cases: ai 19, 20
    @Test func `two successful probes close the breaker, and a failed one opens it again`() throws {
        try withMock(more: ["NOFX_RETRY_MAX": "0"]) { mock, asker in
            let shift: () throws -> Void = {
                try asker.database.rows("UPDATE nofx.circuit_breakers SET open_until = clock_timestamp()")
            }
            try asker.database.rows(
                """
                UPDATE nofx.circuit_breakers SET state = 'open', generation = 1, opens = 1, failures = 5,
                       open_until = clock_timestamp() + interval '120 s'
                """
            )
            #expect(try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"])?.code == .circuitOpen)
            try shift()
            try mock.scenario(#"{"type":"fail","status":503,"times":1}"#)
            #expect(try asker.failure(CompletionRequest(Asker.prompt()), of: ["openai"])?.code == .upstreamError)
            #expect(try asker.breaker().state == "open")
            try mock.reset()
            try shift()
            _ = try asker.ask(CompletionRequest(Asker.prompt()), of: ["openai"])
            #expect(try asker.breaker().state == "half_open")
            _ = try asker.ask(CompletionRequest(Asker.prompt()), of: ["openai"])
            #expect(try asker.breaker() == ("closed", 0, 5))
        }
    }
}
