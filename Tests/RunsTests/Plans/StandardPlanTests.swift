import Base
import Testing

@testable import Runs

@Suite struct StandardPlanTests {
    @Test func `a prompt gives one step, whose answer is stored`() throws {
        let plan = try plan(#"{"prompt":"Write a README.\nBe brief."}"#)
        #expect(plan.goal.rawValue == "Write a README.")
        #expect(plan.steps.map(\.name.rawValue) == ["codegen"])
        let inputs = try GenerateInputs(stepInputs: plan.steps[0].inputs.json)
        #expect(inputs.prompt == "Write a README.\nBe brief.")
        #expect(inputs.filename?.rawValue == "result.md")
    }

    @Test func `each requested quality adds a review of the answer, and the gate comes last`() throws {
        let json =
            #"{"prompt":"x","quality":{"audit":true,"lint":true,"tests":false},"filename":"a.py","approval":true}"#
        let plan = try plan(json)
        #expect(plan.steps.map(\.name.rawValue) == ["codegen", "review-lint", "review-audit", "deploy"])
        #expect(plan.steps.map(\.tool.description) == ["codegen", "ai:generate", "ai:generate", "manual:deploy"])
        #expect(plan.graph.stages == [0, 1, 1, 2])
        #expect(plan.references(of: 1).map(\.reference.path) == [["text"]])
        #expect(try self.plan(json) == plan)
    }

    @Test(arguments: [
        (#""prompt":"Deploy after Approval.""#, true), (#""prompt":"approvals""#, false),
        (#""prompt":"no approval needed","approval":false"#, false), (#""prompt":"x","approval":true"#, true),
        (#""prompt":"x""#, false),
    ])
    func `a prompt that mentions an approval gives a gate by default`(_ members: String, _ hasGate: Bool) throws {
        #expect(try plan("{\(members)}").steps.contains { $0.tool.isGate } == hasGate)
    }

    @Test func `a prompt of ten thousand characters gives a plan with all options`() throws {
        let prompt = String(repeating: "\u{1F600}", count: 10_000)
        let quality = #"{"typecheck":true,"lint":true,"tests":true,"audit":true}"#
        let plan = try plan(#"{"prompt":"\#(prompt)","quality":\#(quality),"approval":true}"#)
        #expect(plan.steps.count == 6)
        #expect(plan.goal.rawValue.unicodeScalars.count == 200)
    }

    @Test(arguments: [
        ("{}", ["prompt required"]), (#"{"prompt":"  "}"#, ["prompt too_short"]),
        (
            #"{"prompt":"x","quality":{"speed":true},"filename":"../x","model":"y"}"#,
            ["filename invalid_format", "model unknown_field", "quality.speed unknown_field"]
        ),
    ])
    func `an input that gives no plan is rejected`(_ json: String, _ expected: [String]) {
        #expect(violations(StandardPlan.self, json) == expected)
    }

    @Test(arguments: [
        ("", [" required"]), (#","plan":null"#, [" required"]),
        (#","standard":{"prompt":"x"},"plan":{"goal":"g","steps":[{"name":"a","tool":"test:echo"}]}"#, [" required"]),
        (
            #","standard":{"prompt":""},"plan":{"goal":"g","steps":[{"name":"a","tool":"x"}]}"#,
            ["plan.steps[0].tool invalid_enum", "standard.prompt too_short"]
        ),
        (#","standard":{"prompt":"x"}"#, []),
    ])
    func `an input has either a plan or a prompt`(_ members: String, _ expected: [String]) {
        let json = #"{"teamId":"00000000-0000-7000-8000-000000000000"\#(members)}"#
        #expect(violations(PlanRequest.self, json) == expected)
    }

    private func plan(_ json: String) throws -> Plan { try StandardPlan(json).plan() }
}
