import Base
import Runs
import Testing
import Worker

/// Artifacts in the inputs of a step.
@Suite struct ArtifactInputTests {
    private func execute(
        _ inputs: String,
        _ artifacts: [String: ArtifactContent],
        _ tool: String = "test:echo"
    ) throws
        -> StepOutcome
    {
        let bench = ToolBench()
        var step = bench.step(tool, inputs)
        step.artifacts = artifacts
        return try bench.execute(step)
    }

    @Test func `an artifact is inserted with its bytes, as text or in base64`() throws {
        let bytes = Array("é\r\n\t\"\u{FEFF}".utf8)
        let inputs = #"{"a":{"$artifact":"s/x"},"b":[{"$artifact":"s/x","encoding":"base64"}]}"#
        let (json, _) = try execute(inputs, ["s/x": .bytes(bytes)]).success()
        #expect(json["a"]?.stringBytes == bytes)
        #expect(json["b"]?.elements.map(\.string) == [Base64.encode(bytes)])
    }

    @Test(arguments: [[0xFF], [0x61, 0x00]] as [[UInt8]]) func `bytes that are no text need base64`(
        bytes: [UInt8]
    ) throws {
        let error = try #require(execute(#"{"a":{"$artifact":"s/x"}}"#, ["s/x": .bytes(bytes)]).error)
        #expect(error.code == "artifact_not_text")
        #expect(error.retry == .never)
        let (json, _) = try execute(#"{"a":{"$artifact":"s/x","encoding":"base64"}}"#, ["s/x": .bytes(bytes)]).success()
        #expect(json["a"]?.string == Base64.encode(bytes))
    }

    @Test func `an artifact that does not exist is its default or a failure`() throws {
        #expect(try execute(#"{"a":{"$artifact":"s/x"}}"#, [:]).error?.code == "artifact_missing")
        #expect(try execute(#"{"a":{"$artifact":"s/x","default":[1]}}"#, [:]).success().json["a"]?.count == 1)
    }

    @Test func `artifacts beyond 1 MiB go where references do not, up to 4 MiB`() throws {
        let most = [UInt8](repeating: 0x01, count: 4 << 20)
        let inputs = #"{"name":"copy.txt","content":{"$artifact":"s/x"}}"#
        let (_, artifacts) = try execute(inputs, ["s/x": .bytes(most)], "artifact:write").success()
        #expect(artifacts.map(\.content) == [most])
        #expect(try execute(inputs, ["s/x": .tooLarge], "artifact:write").error?.code == "inputs_too_large")
        let twice = #"{"a":{"$artifact":"s/x"},"b":{"$artifact":"s/x"}}"#
        let half = [UInt8](repeating: 0x78, count: (2 << 20) + 1)
        #expect(try execute(twice, ["s/x": .bytes(half)]).error?.code == "inputs_too_large")
    }
}
