import Base
import Core
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct GetRunTests {
    private static let plan = [
        TestStep("build", inputs: #"{"value":1}"#, attempts: 1),
        TestStep(
            "approve",
            "gate:manual",
            after: ["build"],
            inputs: #"{"message":"Ship it?","role":"member"}"#,
            attempts: 1
        ),
        TestStep("ship", after: ["build", "approve"], attempts: 5),
    ]

    @Test func `a run is returned with the state of its steps`() throws {
        let world = try RunWorld(Self.plan, goal: "Ship version 2")
        let database = world.database
        var found = try database.call(GetRun.self, world.input(), as: world.owner)
        #expect(found.summary.goal == "Ship version 2")
        #expect(found.summary.status == .running)
        #expect(found.summary.createdBy == world.owner.user)
        #expect(found.steps.map(\.status) == [.queued, .blocked, .blocked])
        #expect(found.steps.map(\.dependencies) == [[], ["build"], ["build", "approve"]])
        #expect(found.steps.map(\.maxAttempts) == [1, 1, 5])
        #expect(found.steps.allSatisfy { $0.gate == nil && $0.outputs == nil && $0.artifacts.isEmpty })

        let claims = try database.claim()
        found = try database.call(GetRun.self, world.input(), as: world.owner)
        #expect(found.steps.map(\.status) == [.running, .blocked, .blocked])
        #expect(found.steps.map(\.attempt) == [1, 0, 0])

        try database.finish(
            claims,
            outputs: #"{"version":2}"#,
            artifacts: [
                TestArtifact("notes.md", "text/markdown", "# 2".utf8), TestArtifact("log.txt", "text/plain", []),
            ]
        )
        found = try database.call(GetRun.self, world.input(), as: world.owner)
        #expect(found.summary.status == .waiting)
        #expect(found.summary.counts.open == 2)
        #expect(found.steps.map(\.status) == [.succeeded, .waiting, .blocked])
        #expect(found.steps[0].outputs?.description == #"{"version":2}"#)
        #expect(found.steps[0].artifacts.map(\.name) == ["log.txt", "notes.md"])
        #expect(found.steps[0].artifacts.map(\.size) == [0, 3])
        #expect(found.steps[0].startedAt != nil && found.steps[0].endedAt != nil)
        #expect(found.steps[1].gate?.status == .pending)
        #expect(found.steps[1].gate?.message == "Ship it?")
        #expect(found.steps[1].gate?.requiredRole == .member)
        #expect(found.steps[1].inputs?.description.contains("Ship it?") == true)
        #expect(found.steps[2].gate == nil)
    }

    @Test func `a failed step is returned with its code, and the steps skipped after it`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("ship", after: ["build"])])
        try world.database.work("test.echo", "failed", outputs: nil, error: "http_status")
        let found = try world.database.call(GetRun.self, world.input(), as: world.owner)
        let json = try found.answer
        let errors = json["steps"]?.elements.map { $0["error"]?["code"]?.string }
        #expect(json["status"]?.string == "failed")
        #expect(json["counts"]?["failed"]?.integer == 1)
        #expect(json["counts"]?["open"]?.integer == 0)
        #expect(found.steps.map(\.status) == [.failed, .skipped])
        #expect(errors == ["http_status", "upstream_failed"])
        #expect(found.summary.endedAt != nil)
    }

    @Test func `inputs of steps are visible only with write permission`() throws {
        let world = try RunWorld([TestStep("build", inputs: #"{"value":"mine"}"#)])
        func inputs(_ caller: Caller) throws -> String? {
            try world.database.call(GetRun.self, world.input(), as: caller).steps.first?.inputs?.description
        }
        #expect(try inputs(world.member(as: .member)) == #"{"value":"mine"}"#)
        #expect(try inputs(world.member(as: .viewer)) == nil)
        #expect(try inputs(world.member(as: .admin, permissions: [.read])) == nil)
        #expect(try inputs(world.owner.key(scopes: [.read])) == nil)
        #expect(try inputs(world.owner.key(scopes: [.read, .write])) == #"{"value":"mine"}"#)
    }

    @Test func `outputs beyond 4 MiB are omitted, and returned for a named step`() throws {
        let world = try RunWorld((0..<6).map { TestStep("step \($0)") })
        let outputs = #"{"text":"\#(String(repeating: "x", count: 1 << 20))"}"#
        try world.database.finish(world.database.claim(), outputs: outputs)
        let found = try world.database.call(GetRun.self, world.input(), as: world.owner)
        #expect(found.steps.map(\.leavesOutputsOut) == [false, false, false, true, true, true])
        #expect(found.steps.map { $0.outputs != nil } == [true, true, true, false, false, false])
        let one = try world.database.call(GetRun.self, world.step("step 5"), as: world.owner)
        #expect(one.steps.map(\.name) == ["step 5"])
        #expect(one.steps.first?.outputs?.description == outputs)
        #expect(one.summary.id.uuid == world.run)
    }

    @Test func `a foreign run, a step of another run and a foreign team are not found`() throws {
        let world = try RunWorld(Self.plan)
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        func refusal(_ input: String, as caller: Caller) -> String? {
            world.database.refusal(of: GetRun.self, input, as: caller)
        }
        #expect(refusal(theirs.input(world.run), as: other) == "404 run_not_found")
        #expect(refusal(world.input(run: .v7()), as: world.owner) == "404 run_not_found")
        #expect(refusal(world.step("deploy"), as: world.owner) == "404 step_not_found")
        #expect(refusal(world.input(), as: other) == "404 team_not_found")
        #expect(refusal(world.input(), as: try world.member(as: .admin, permissions: [])) == "403 forbidden")
        #expect(refusal(world.input(), as: world.owner.key(scopes: [.write])) == "403 insufficient_scope")
    }
}
