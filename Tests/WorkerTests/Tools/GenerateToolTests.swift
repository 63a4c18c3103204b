import AI
import Base
import Core
import Cryptography
import Runs
import System
import TestSupport
import Testing
import Worker

/// Steps that use models' answers.
@Suite struct GenerateToolTests {
    /// Makes a provider answer with a text, and executes a step that calls it.
    private func ask(
        _ tool: String,
        _ inputs: String,
        answering text: String,
        stopping reason: String = "stop"
    ) throws -> StepOutcome {
        try FaultServer.run { server in
            var json = JSONWriter()
            json.object { json in
                json.member("id", "c-1")
                json.member("model", "gpt-4.1-2025-04-14")
                json.member("usage", JSONText(trusted: Array(#"{"prompt_tokens":10,"completion_tokens":5}"#.utf8)))
                json.member("choices") { json in
                    json.array { json in
                        json.object { json in
                            json.member("index", 0)
                            json.member("finish_reason", reason)
                            json.member("message") { json in
                                json.object { json in
                                    json.member("role", "assistant")
                                    json.member("content", text)
                                }
                            }
                        }
                    }
                }
            }
            let body = String(decoding: json.bytes, as: UTF8.self)
            try server.answer("told", status: 200, headers: [("x-request-id", "r-1")], body: body)
            return try ToolBench(openAI: "\(server.url)/fault/told").execute(tool, inputs)
        }
    }

    @Test func `an answer is returned as text, with its provider and cost`() throws {
        let (json, artifacts) = try ask("ai:generate", #"{"prompt":"x"}"#, answering: "```\nFour.\n```").success()
        #expect(json["text"]?.string == "```\nFour.\n```")
        #expect(json["model"]?.string == "gpt-4.1-2025-04-14")
        #expect(json["provider"]?.string == "openai")
        #expect(json["requestId"]?.string == "r-1")
        #expect(json["stopReason"]?.string == "finished")
        #expect(json["usage"]?["input"]?.integer == 10)
        #expect(json["usage"]?["output"]?.integer == 5)
        // 10 tokens at 2 dollars per million, and 5 tokens at 8 dollars.
        #expect(json["costUsd"]?.string == "0.00006")
        #expect(json["attempts"]?.count == 1)
        #expect(json["attempts"]?.elements.map { $0["code"]?.isNull } == [true])
        #expect(json["artifact"] == nil)
        #expect(artifacts == [])
    }

    // Cases: ai 59
    @Test(arguments: [
        (#","filename":"src/main.swift""#, "src/main.swift", "text/x-swift; charset=utf-8"),
        (#","filename":"README.md""#, "README.md", "text/markdown; charset=utf-8"),
        ("", "output.md", "text/markdown; charset=utf-8"),
    ])
    func `code is an artifact with exactly the code block's content`(more: String, name: String, type: String) throws {
        let code = "let a = \"`x`\"\n\n  let b = 1\n"
        let (json, artifacts) = try ask("codegen", #"{"prompt":"x"\#(more)}"#, answering: "\n```swift\n\(code)```\n")
            .success()
        let artifact = try #require(artifacts.first)
        #expect(artifacts.count == 1)
        #expect(artifact.name == name)
        #expect(artifact.contentType == type)
        #expect(artifact.content == Array(code.utf8))
        #expect(artifact.sha256 == SHA256.digest(Array(code.utf8)))
        #expect(json["text"]?.string == code)
        #expect(json["artifact"]?["name"]?.string == name)
        #expect(json["artifact"]?["contentType"]?.string == type)
        #expect(json["artifact"]?["sha256"]?.string == Hexadecimal.encode(artifact.sha256))
        #expect(json["artifact"]?["size"]?.integer == code.utf8.count)
        #expect(json["model"]?.string == "gpt-4.1-2025-04-14")
        #expect(json["usage"]?["output"]?.integer == 5)
        #expect(json["costUsd"]?.string == "0.00006")
        #expect(json["requestId"]?.string == "r-1")
    }

    @Test func `a text with a given name is stored unchanged as an artifact`() throws {
        let inputs = #"{"prompt":"x","filename":"a.txt"}"#
        let (_, artifacts) = try ask("ai:generate", inputs, answering: "```\nx\n```").success()
        #expect(artifacts.map(\.content) == [Array("```\nx\n```".utf8)])
    }

    @Test func `a long text is an artifact too, and stays in the outputs up to their limit`() throws {
        let most = String(repeating: "x", count: 64 << 10)
        let (short, none) = try ask("ai:generate", #"{"prompt":"x"}"#, answering: most).success()
        #expect(short["text"]?.string == most)
        #expect(none == [])
        let (json, artifacts) = try ask("ai:generate", #"{"prompt":"x"}"#, answering: most + "x").success()
        #expect(json["text"]?.string == most + "x")
        #expect(json["artifact"]?["size"]?.integer == (64 << 10) + 1)
        #expect(artifacts.map(\.name) == ["output.md"])
    }

    @Test(arguments: [
        ("x", (1 << 20) - 2_000, true), ("x", 1 << 20, false), ("\u{1}", 200_000, false), ("\u{1}", 170_000, true),
    ])
    func `a text beyond the outputs' limit is only in the artifact, and null in the outputs`(
        character: String,
        count: Int,
        fits: Bool
    ) throws {
        let text = String(repeating: character, count: count)
        let (json, artifacts) = try ask("ai:generate", #"{"prompt":"x"}"#, answering: text).success()
        #expect(json["text"]?.isNull == !fits)
        #expect(json["artifact"]?["size"]?.integer == count)
        #expect(artifacts.map(\.content) == [Array(text.utf8)])
        #expect(json.text.bytes.count <= 1 << 20)
    }

    @Test(arguments: ["ai:generate", "codegen"])
    func `a truncated answer fails the step and is not stored, unless it is allowed`(
        tool: String
    ) throws {
        let text = "```\nhalf"
        let error = try #require(ask(tool, #"{"prompt":"x"}"#, answering: text, stopping: "length").error)
        #expect(error.code == "ai_truncated")
        #expect(error.retry == .never)

        let inputs = #"{"prompt":"x","allowPartial":true,"filename":"a.md"}"#
        let (json, artifacts) = try ask(tool, inputs, answering: text, stopping: "length").success()
        #expect(json["stopReason"]?.string == "max_tokens")
        #expect(artifacts.map(\.content) == [Array(text.utf8)])
    }

    @Test func `an answer that violates the schema is retried, and then fails`() throws {
        let form = #"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"#
        let inputs = #"{"prompt":"x","schema":\#(form)}"#
        #expect(try ask("ai:generate", inputs, answering: #"{"a":1}"#).success().json["text"]?.string == #"{"a":1}"#)
        let error = try #require(ask("ai:generate", inputs, answering: #"{"a":"x"}"#).error)
        #expect(error.code == "ai_schema_mismatch")
        #expect(error.retry == .later)
    }

    // Cases: ai 61
    @Test func `a repeated step makes the same artifact, and each call is counted once`() throws {
        try FaultServer.run { server in
            let bench = ToolBench(openAI: server.openAI)
            let steps = [1, 2].map { bench.step("codegen", #"{"prompt":"x","filename":"a.md"}"#, attempt: $0) }
            let artifacts = try steps.map { try bench.execute($0).success().artifacts }
            #expect(artifacts[0] == artifacts[1])
            #expect(artifacts[0].map(\.content) == [Array(FaultServer.text.utf8)])
            #expect(bench.stores.records.count == 2)
            #expect(Set(bench.stores.records.map(\.call)).count == 2)
            #expect(bench.stores.records.map(\.team) == [bench.team, bench.team])
        }
    }
}
