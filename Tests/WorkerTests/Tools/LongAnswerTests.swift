import AI
import Base
import Core
import Runs
import TestSupport
import Testing

@testable import Worker

/// What steps ask of models, beside a prompt, and answers that take their time.
@Suite struct LongAnswerTests {
    @Test func `a step's answer may take longer than the limit of its first byte`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(openAI: server.openAI, ["NOFX_BREAKER_TIMEOUT_MS": "3000"])
            let inputs = #"{"prompt":"x","model":"fault:slow-stream:600"}"#
            let (json, _) = try bench.execute("ai:generate", inputs).success()
            #expect(json["text"]?.string == FaultServer.text)
            #expect(
                json["attempts"]?.elements.compactMap { $0["milliseconds"]?.integer }.allSatisfy { $0 > 3_000 } == true
            )
            #expect(bench.stores.records.count == 1)
        }
    }

    @Test func `what a step has written so far is the answer of its last attempt`() throws {
        try FaultServer.run { (server) throws in
            let bench = ToolBench(openAI: server.openAI)
            func written(_ inputs: String) throws -> String? {
                var tools = try bench.tools()
                let text = LiveText()
                _ = try tools.execute(
                    bench.step("ai:generate", inputs),
                    deadline: .test,
                    cancellation: Cancellation(),
                    writing: text
                ).success()
                return text.changed()
            }
            #expect(try written(#"{"prompt":"x"}"#) == FaultServer.text)
            // The first two attempts end in the middle of the text.
            #expect(try written(#"{"prompt":"x","model":"fault:rst-mid*2"}"#) == FaultServer.text)
            // A document in place of a stream is shown, too.
            #expect(try written(#"{"prompt":"x","model":"fault:sse-plain"}"#) == FaultServer.text)
        }
    }

    @Test func `the default time limit is longer for AI tools`() {
        let bench = ToolBench()
        func limit(_ tool: String) -> Duration {
            let step = bench.step(tool, "{}")
            return ClaimedStep(
                lease: step.lease,
                team: step.team,
                run: step.run,
                number: 0,
                name: "a",
                tool: tool,
                inputs: step.inputs
            ).timeLimit
        }
        #expect(["ai:generate", "codegen"].map(limit) == [.seconds(600), .seconds(600)])
        #expect(["http:request", "test:echo"].map(limit) == [.seconds(60), .seconds(60)])
    }

    @Test func `the reasoning is an output of its own`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(anthropic: server.url)
            let (json, _) = try bench.execute("ai:generate", #"{"prompt":"x","model":"fault:thinking"}"#).success()
            #expect(json["text"]?.string == FaultServer.text)
            #expect(json["reasoning"]?.string == "First this.")
            let (other, _) = try bench.execute("ai:generate", #"{"prompt":"x"}"#).success()
            #expect(other["reasoning"]?.isNull == true)
        }
    }

    /// The body of the request that a step sends.
    private func asked(_ inputs: String, artifacts: [String: ArtifactContent] = [:]) throws -> JSONValue {
        try FaultServer.run { server in
            let bench = ToolBench(anthropic: server.url)
            var step = bench.step("ai:generate", inputs)
            step.artifacts = artifacts
            _ = try bench.execute(step).success()
            return try JSONDocument(parsing: Array(#require(server.requests().first).body.utf8)).root
        }
    }

    @Test func `messages, files from artifacts and all options are sent`() throws {
        let inputs = #"""
            {"system":"Be brief.","messages":[{"role":"user","content":[{"type":"text","text":"What?"},
             {"type":"image","data":{"$artifact":"draw/a.png","encoding":"base64"}}]},
             {"role":"assistant","content":"Nothing."},{"role":"user","content":"Why?"}],
             "temperature":0.5,"stop":["END"],"effort":"low","thinkingBudget":1024,"cacheControl":"1h"}
            """#
        let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        let body = try asked(inputs, artifacts: ["draw/a.png": .bytes(png)])
        #expect(body["stream"]?.bool == true)
        #expect(body["system"]?.string == "Be brief.")
        let messages = Array(try #require(body["messages"]?.elements))
        #expect(messages.map { $0["role"]?.string } == ["user", "assistant", "user"])
        let image = messages[0]["content"]?.elements.first { $0["type"]?.string == "image" }
        #expect(image?["source"]?["data"]?.string == Base64.encode(png))
        #expect(image?["source"]?["media_type"]?.string == "image/png")
        // Everything before the last message is cached.
        let answer = messages[1]["content"]?.elements.first { _ in true }
        #expect(answer?["cache_control"]?["ttl"]?.string == "1h")
        #expect(body["temperature"]?.double == 0.5 && body["stop_sequences"]?.elements.map(\.string) == ["END"])
        #expect(body["output_config"]?["effort"]?.string == "low")
        #expect(body["thinking"]?["budget_tokens"]?.integer == 1_024)
    }

    @Test func `the system prompt is what is cached before a single prompt`() throws {
        let body = try asked(#"{"prompt":"x","system":"Be brief.","cacheControl":"5m"}"#)
        let system = body["system"]?.elements.first { _ in true }
        #expect(system?["cache_control"]?["type"]?.string == "ephemeral")
        #expect(body["messages"]?.elements.first { _ in true }?["content"]?.string == "x")
    }

    @Test func `an artifact that is no image fails the step`() throws {
        let inputs = #"""
            {"messages":[{"role":"user","content":[
             {"type":"image","data":{"$artifact":"draw/a","encoding":"base64"}}]}]}
            """#
        let bench = ToolBench(openAI: "http://127.0.0.1:1/v1")
        var step = bench.step("ai:generate", inputs)
        step.artifacts = ["draw/a": .bytes([1, 2, 3])]
        let error = try #require(bench.execute(step).error)
        #expect(error.code == "invalid_inputs" && error.retry == .never)
        #expect(error.message.contains("messages[0].content[0].data must be a PNG"))
    }

    @Test func `what the provider's format cannot express fails without a request`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(openAI: server.openAI)
            let error = try #require(bench.execute("ai:generate", #"{"prompt":"x","thinkingBudget":1024}"#).error)
            #expect(error.code == "ai_bad_request")
            #expect(error.message.contains("set an effort"))
            #expect(try server.requests().isEmpty)
        }
    }

    @Test(arguments: ["gzip", "deflate"])
    func `http:request reads compressed bodies`(coding: String) throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let bench = ToolBench()
            func url(_ path: String) -> String { "http://127.0.0.1:\(server.port)\(path)" }
            let (json, _) = try bench.execute("http:request", #"{"url":"\#(url("/\(coding)"))"}"#).success()
            #expect(json["body"]?.string == "fine")
            #expect(json["headers"]?["content-encoding"] == nil)
            let (other, _) = try bench.execute("http:request", #"{"url":"\#(url("/brotli"))"}"#).success()
            #expect(other["headers"]?["content-encoding"]?.string == "br")
            let bomb = try bench.execute("http:request", #"{"url":"\#(url("/bomb"))"}"#).error
            #expect(bomb?.code == "response_too_large")
            let cut = try bench.execute("http:request", #"{"url":"\#(url("/cut_gzip"))"}"#).error
            #expect(cut?.code == "http_failed")
        }
    }
}
