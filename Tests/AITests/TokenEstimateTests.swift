import Base
import Core
import Postgres
import Reliability
import TestSupport
import Testing

@testable import AI

/// The tokens that are counted when a provider reports none, or none that can be right.
@Suite struct TokenEstimateTests {
    /// 4,096 bytes: an estimate of 1,366 tokens, and 32 for the framing.
    private let request = CompletionRequest(String(repeating: "four", count: 1_024), maxTokens: 100)

    private func count(_ input: Int?, _ output: Int?, textBytes: Int = 4_096, cacheRead: Int = 0) -> String {
        let reported = input.map { TokenUsage(input: $0, output: output ?? 0, cacheRead: cacheRead) }
        let tokens = TokenUsage(reported: reported, asking: request, textBytes: textBytes)
        return "\(tokens.prompt) \(tokens.output)\(tokens.isEstimated ? " estimated" : "")"
    }

    @Test func `tokens that the provider reports are believed where they can be right`() {
        #expect(count(1_000, 900) == "1000 900")
        #expect(count(64, 64) == "64 64")
        #expect(count(10, 900, cacheRead: 990) == "1000 900")
        #expect(count(1_000, 0, textBytes: 0) == "1000 0")
        #expect(count(1_000, 0, textBytes: 63) == "1000 0")
        #expect(count(90_000_000, 90_000_000) == "90000000 90000000")
    }

    @Test func `missing tokens, too few and too many are estimated`() {
        #expect(count(nil, nil) == "1398 1366 estimated")
        #expect(count(0, 0) == "1398 1366 estimated")
        #expect(count(1_000, 0) == "1000 1366 estimated")
        #expect(count(0, 900) == "1398 900 estimated")
        #expect(count(63, 64) == "1398 64 estimated")
        #expect(count(1_000, 63) == "1000 1366 estimated")
        #expect(count(1_000, 1 << 40) == "1000 1366 estimated")
        #expect(count(1 << 40, 0, textBytes: 0) == "1398 0 estimated")
    }

    @Test(arguments: [
        (#""prompt_tokens":1000.0,"completion_tokens":900.0"#, 1_000, 900, false),
        (#""prompt_tokens":1000,"completion_tokens":-5"#, 1_000, 1_366, true),
        (#""prompt_tokens":"1000","completion_tokens":"900""#, 1_398, 1_366, true),
        (#""prompt_tokens":NaN,"completion_tokens":900"#, 1_398, 900, true),
        (#""prompt_tokens":1e300,"completion_tokens":1e300"#, 1_398, 1_366, true),
        (#""prompt_tokens":null,"completion_tokens":null"#, 1_398, 1_366, true),
        (#""prompt_tokens":{"a":1},"completion_tokens":[900]"#, 1_398, 1_366, true),
        (#""prompt_tokens":0,"completion_tokens":0,"total_tokens":0"#, 1_398, 1_366, true),
        ("", 1_398, 1_366, true),
    ])
    func `the usage of an answer counts, whatever the server writes`(
        usage: String,
        prompt: Int,
        output: Int,
        isEstimated: Bool
    ) throws {
        let text = String(repeating: "text", count: 1_024)
        let body =
            #"{"id":"x","model":"gpt-4.1","choices":[{"index":0,"finish_reason":"stop","message":"#
            + #"{"role":"assistant","content":"\#(text)"}}],"usage":{\#(usage)}}"#
        try FaultServer.run { server in
            try server.answer("usage", status: 200, body: body)
            let database = try TestDatabase()
            let asker = Asker(database, openAI: server.openAI)
            var question = request
            question.model = "fault:usage"
            let answer = try asker.ask(question)
            let tokens = try #require(answer.completion.usage)
            #expect(tokens.prompt == prompt && tokens.output == output && tokens.isEstimated == isEstimated)
            #expect(answer.cost ?? .zero > .zero)
            let row = try database.rows("SELECT input_tokens, output_tokens, estimated FROM nofx.ai_attempts").first
            #expect(try row?["input_tokens"] == prompt)
            #expect(try row?["output_tokens"] == output)
            #expect(try row?["estimated"] == isEstimated)
            #expect(try database.value("SELECT estimated FROM nofx.ai_usage_daily") == (isEstimated ? 1 : 0))
        }
    }

    @Test func `a stream that is cut before its usage is counted by its bytes`() throws {
        try FaultServer.run { server in
            let database = try TestDatabase()
            let asker = Asker(database, openAI: server.openAI, ["OPENAI_MODEL": "gpt-4.1"])
            var providers = try asker.providers()
            let error = #expect(throws: AIError.self) {
                try providers.callOpenAI(
                    CompletionRequest(Asker.prompt(), model: "fault:sse-truncated"),
                    deadline: .test,
                    onText: { _ in }
                )
            }
            #expect(error?.code == .truncated)
            let tokens = try #require(error?.attempts.first?.tokens)
            #expect(tokens.isEstimated && tokens.prompt > 32 && tokens.output > 0)
            #expect(try database.value("SELECT estimated FROM nofx.ai_attempts"))
        }
    }

    @Test(arguments: [
        ("fault:bad-json*1", true), ("fault:empty-200*1", true), ("fault:html-200*1", true),
        ("fault:status:500*1", false), ("fault:status:429*1", false), ("fault:rst-early*1", false),
    ])
    func `a failed attempt is counted if the provider may charge for it`(model: String, isCounted: Bool) throws {
        try FaultServer.run { server in
            let database = try TestDatabase()
            let asker = Asker(database, openAI: server.openAI)
            let answer = try asker.ask(CompletionRequest(Asker.prompt(), model: model))
            #expect(answer.attempts.map { $0.tokens?.isEstimated } == [isCounted ? true : nil, false])
        }
    }

    @Test func `an unpriced model is refused under a budget and the next provider is asked`() throws {
        try FaultServer.run { server in
            let database = try TestDatabase()
            let team = UUID.v7()
            try database.rows("INSERT INTO nofx.ai_budgets (team_id, daily_nano_usd) VALUES (\(team), 1000000000)")
            let asker = Asker(database, anthropic: server.url, openAI: server.openAI)
            let question = CompletionRequest(Asker.prompt(), model: "nobody-knows-1")
            let error = try #require(try asker.failure(question, of: ["openai"], for: team))
            #expect(error.code == .modelUnpriced)
            #expect(error.problem.status == 402)
            #expect(try server.requests().isEmpty)
            #expect(try database.value("SELECT count(*) FROM nofx.ai_attempts") == 0)
            #expect(try asker.breaker() == ("closed", 0, 0))

            let answer = try asker.ask(question, of: ["openai", "anthropic-ai"], for: team)
            #expect(answer.attempts.map(\.code) == [.modelUnpriced, nil])
            #expect(answer.provider == "anthropic-ai")
            try database.rows("UPDATE nofx.ai_budgets SET unpriced = 'allow'")
            #expect(try asker.ask(question, of: ["openai"], for: team).cost == nil)
            // Without a budget there is nothing to hold.
            #expect(try asker.ask(question, of: ["openai"], for: .v7()).cost == nil)
        }
    }

    @Test func `the cost that a gateway reports counts where there is no price`() throws {
        try FaultServer.run { server in
            let text =
                #"{"id":"x","model":"m","choices":[{"index":0,"finish_reason":"stop","message":"#
                + #"{"role":"assistant","content":"Hello."}}],"usage":{"prompt_tokens":9,"completion_tokens":2"#
            try server.answer("body", status: 200, body: text + #","cost":0.25}}"#)
            try server.answer(
                "header",
                status: 200,
                headers: [("x-litellm-response-cost", "1.25e-02")],
                body: text + "}}"
            )
            try server.answer("zero", status: 200, headers: [("x-litellm-response-cost", "0.0")], body: text + "}}")
            let database = try TestDatabase()
            let asker = Asker(database, openAI: server.openAI)
            let team = UUID.v7()
            for (fault, cost) in [("body", "0.25"), ("header", "0.0125"), ("zero", nil)] {
                let answer = try asker.ask(CompletionRequest("Hi", model: "fault:\(fault)"), for: team)
                #expect(answer.cost == cost.flatMap(USDollars.init))
            }
            #expect(try database.value("SELECT sum(spent_nano_usd)::bigint FROM nofx.ai_usage_daily") == 262_500_000)
            #expect(try database.value("SELECT sum(cost_nano_usd)::bigint FROM nofx.ai_usage_daily") == 0)
        }
    }
}
