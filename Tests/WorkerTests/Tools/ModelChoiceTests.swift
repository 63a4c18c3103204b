import AI
import Base
import Core
import Runs
import TestSupport
import Testing

@testable import Worker

/// Steps that name models or a route.
@Suite struct ModelChoiceTests {
    private func withBench(body: (FaultServer, ToolBench) throws -> Void) throws {
        try FaultServer.run { server in
            let list = ["a", "b"].map {
                #"{"name":"\#($0)","wire":"chat","baseUrl":"\#(server.openAI)","model":"m-\#($0)"}"#
            }
            let route = #"{"name":"fast","models":[{"provider":"b"}],"fallbacks":[{"provider":"a","model":"x"}]}"#
            let variables = ["NOFX_PROVIDERS": "[\(list.joined(separator: ","))]", "NOFX_ROUTES": "[\(route)]"]
            try body(server, ToolBench(variables))
        }
    }

    private func execute(
        _ bench: ToolBench,
        _ inputs: String,
        allowing patterns: [String]? = nil
    ) throws -> StepOutcome {
        try bench.execute(
            bench.step("ai:generate", #"{"prompt":"x"\#(inputs)}"#, models: AllowedModels(patterns))
        )
    }

    @Test func `a step uses its models or its route`() throws {
        try withBench { _, bench in
            let models = #","models":[{"provider":"a","model":"fault:status:404"},{"provider":"b"}]"#
            let (listed, _) = try execute(bench, models).success()
            #expect(listed["provider"]?.string == "b")
            #expect(listed["attempts"]?.elements.map { $0["model"]?.string } == ["fault:status:404", "m-b"])
            let (routed, _) = try execute(bench, #","route":"fast""#).success()
            #expect(routed["provider"]?.string == "b")
            let missing = try execute(bench, #","route":"slow""#)
            #expect(missing.error?.code == "ai_not_configured")
        }
    }

    @Test func `a worker checks the policy again, also for models that the step does not name`() throws {
        try withBench { server, bench in
            let (own, _) = try execute(bench, "", allowing: ["b/*"]).success()
            #expect(own["provider"]?.string == "b")
            let (route, _) = try execute(bench, #","route":"fast""#, allowing: ["route:fast"]).success()
            #expect(route["provider"]?.string == "b")
            let count = try server.requests().count
            for (inputs, patterns) in [
                ("", []), ("", ["a/m-b"]), (#","model":"m""#, ["a/m-a"]), (#","route":"fast""#, ["*/*"]),
                (#","models":[{"provider":"a"}]"#, ["a/x", "route:*"]), (#","providers":["b"]"#, ["a/*"]),
            ] as [(String, [String])] {
                let outcome = try execute(bench, inputs, allowing: patterns)
                #expect(outcome.error?.code == "policy_denied", "\(inputs) \(patterns)")
                #expect(outcome.error?.retry == .never)
            }
            #expect(try server.requests().count == count)
        }
    }

    @Test func `a worker tells which providers and routes it has`() throws {
        try withBench { _, bench in
            let tools = try StepTools(bench.environment)
            #expect(tools.abilities() == ["ai", "ai-route:fast", "ai:a", "ai:b"])
        }
    }
}
