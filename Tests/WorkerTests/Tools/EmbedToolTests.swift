import AI
import Base
import Core
import Runs
import TestSupport
import Testing
import Worker

/// Steps that compute embeddings.
@Suite struct EmbedToolTests {
    private func vectors(_ json: JSONValue?) -> [[Double?]]? {
        json?.elements.map { $0.elements.map(\.double) }
    }

    @Test(arguments: ["chat", "responses"])
    func `each text has its embedding, in the order of the texts`(wire: String) throws {
        try FaultServer.run { (server) throws in
            let bench = ToolBench(openAI: server.openAI, ["OPENAI_WIRE": wire])
            let (json, artifacts) = try bench.execute("ai:embed", #"{"input":["a","bc"],"model":"e-1"}"#).success()
            #expect(vectors(json["embeddings"]) == [[0, 0.5, 0.25], [1, 1, 0.25]])
            #expect(json["model"]?.string == "e-1" && json["provider"]?.string == "openai")
            #expect(json["usage"]?["input"]?.integer == 4 && json["usage"]?["output"]?.integer == 0)
            #expect(json["attempts"]?.count == 1 && artifacts.isEmpty)
            #expect(bench.stores.records.map(\.tokens.input) == [4])
            #expect(bench.stores.records.map(\.requestedModel) == ["e-1"])
            let sent = try #require(server.requests().first)
            #expect(sent.path == "/v1/embeddings")
            #expect(sent.body == #"{"model":"e-1","input":["a","bc"],"encoding_format":"float"}"#)
            #expect(sent.values(of: "accept-encoding") == ["gzip, deflate"])
        }
    }

    @Test func `one text may be a string, and dimensions may be set`() throws {
        try FaultServer.run { (server) throws in
            let bench = ToolBench(openAI: server.openAI)
            let inputs = #"{"input":"abcd","model":"fault:compressed:gzip","dimensions":5}"#
            let (json, _) = try bench.execute("ai:embed", inputs).success()
            #expect(vectors(json["embeddings"]) == [[0, 2, 0.25, 0.25, 0.25]])
        }
    }

    @Test func `embeddings that are too large for the outputs are in an artifact`() throws {
        try FaultServer.run { (server) throws in
            let bench = ToolBench(openAI: server.openAI)
            let texts = Array(repeating: #""a""#, count: 256).joined(separator: ",")
            let inputs = #"{"input":[\#(texts)],"model":"e-1","dimensions":1024}"#
            let (json, artifacts) = try bench.execute("ai:embed", inputs).success()
            #expect(json["embeddings"]?.isNull == true)
            #expect(json["artifact"]?["name"]?.string == "embeddings.json")
            #expect(artifacts.map(\.contentType) == ["application/json"])
            let stored = try JSONDocument(parsing: try #require(artifacts.first).content, limits: .stepValue).root
            #expect(stored.count == 256)
            #expect(stored.elements.allSatisfy { $0.count == 1_024 })
        }
    }

    @Test func `a missing embedding is a bad response`() throws {
        try FaultServer.run { (server) throws in
            let bench = ToolBench(openAI: server.openAI)
            let inputs = #"{"input":["a","b"],"model":"fault:one-embedding"}"#
            #expect(try bench.execute("ai:embed", inputs).error?.code == "ai_bad_response")
            // An answer in another format is none either.
            let other = #"{"input":["a"],"model":"fault:object-200"}"#
            #expect(try bench.execute("ai:embed", other).error?.code == "ai_bad_response")
        }
    }

    @Test func `a provider without embeddings is refused, and a failing one is replaced`() throws {
        try FaultServer.run { (server) throws in
            let bench = ToolBench(anthropic: server.url, openAI: server.openAI)
            let inputs = #"{"input":"a","model":"e-1","providers":["anthropic-ai"]}"#
            let error = try #require(bench.execute("ai:embed", inputs).error)
            #expect(error.code == "ai_bad_request")
            #expect(error.message.contains("Anthropic Messages has no embeddings"))
            #expect(try server.requests().isEmpty)
            let retried = #"{"input":"a","model":"fault:status:503*1","providers":["openai"]}"#
            #expect(try bench.execute("ai:embed", retried).success().json["attempts"]?.count == 2)
        }
    }

    @Test func `failures count for the circuit breaker`() throws {
        try FaultServer.run { (server) throws in
            let bench = ToolBench(
                openAI: server.openAI,
                ["NOFX_RETRY_MAX": "0", "NOFX_BREAKER_FAILURE_THRESHOLD": "1"]
            )
            let inputs = #"{"input":"a","model":"fault:status:503","providers":["openai"]}"#
            #expect(try bench.execute("ai:embed", inputs).error?.code == "ai_upstream_error")
            #expect(try bench.execute("ai:embed", inputs).release?.reason == .needsClosed(["ai:openai"]))
        }
    }
}
