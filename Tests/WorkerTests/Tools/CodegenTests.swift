import AI
import Base
import Runs
import TestSupport
import Testing
import Worker

/// Generated code from a third-party simulator of the providers, which judges the behavior of its client.
@Suite struct CodegenTests {
    // Cases: ai 59
    @Test(arguments: ["anthropic-ai", "openai"]) func `code is stored as it was answered`(provider: String) throws {
        try LLMock.run { (mock) throws in
            try mock.scenario(#"{"type":"reply","text":"```swift\nprint(\"Hallo, wörld 日本\")\n```"}"#)
            let bench = ToolBench(anthropic: mock.anthropic, openAI: mock.openAI)
            let (json, artifacts) = try bench.execute(
                "codegen",
                #"{"prompt":"\#(UUID.v7())","filename":"hello.swift","providers":["\#(provider)"]}"#
            ).success()
            #expect(artifacts.map(\.content) == [Array("print(\"Hallo, wörld 日本\")\n".utf8)])
            #expect(artifacts.map(\.contentType) == ["text/x-swift; charset=utf-8"])
            #expect(json["provider"]?.string == provider)
            #expect(json["costUsd"]?.string != nil)
            #expect(json["usage"]?["output"]?.integer ?? 0 > 0)
            #expect(try mock.requests().count == 1)
            #expect(try mock.verdict().isClean)
        }
    }

    @Test func `a transient failure is retried, and then another provider is called`() throws {
        try LLMock.run { (mock) throws in
            try mock.scenario(
                #"{"type":"fail","status":529,"times":null,"match":{"provider":"anthropic"}}"#,
                #"{"type":"reply","text":"Four."}"#
            )
            let bench = ToolBench(anthropic: mock.anthropic, openAI: mock.openAI, ["NOFX_RETRY_MAX": "1"])
            let (json, _) = try bench.execute("codegen", #"{"prompt":"\#(UUID.v7())"}"#).success()
            #expect(json["text"]?.string == "Four.")
            #expect(json["provider"]?.string == Providers.openAIName)
            #expect(json["attempts"]?.elements.map { $0["code"]?.string } == ["ai_overloaded", "ai_overloaded", nil])
        }
    }
}
