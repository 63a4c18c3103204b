import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct RetryStepTests {
    private func conflict(_ world: RunWorld, _ step: String) -> String? {
        do {
            try world.database.call(RetryStep.self, world.step(step), as: world.owner)
            return nil
        } catch let problem as Problem where problem.status == 409 {
            return "\(problem.code) \(problem.members["forbiddenBy"] ?? "")"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a failed step is queued again, with the steps skipped after it`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("ship", after: ["build"])])
        try world.database.work("test.echo", "failed", outputs: nil, error: "http_status")
        let retried = try world.database.call(RetryStep.self, world.step("build"), as: world.owner)
        #expect(retried.status == .running)
        #expect(try world.steps == ["build": "queued", "ship": "blocked"])
        #expect(try world.events.suffix(4) == ["run.resumed", "step.retried", "step.reopened", "step.queued"])
        #expect(try world.activity == ["run.step_retried"])
        try world.database.work()
        try world.database.work()
        #expect(try world.status == "succeeded")
    }

    @Test func `a queued, running, blocked or succeeded step is not retried, and the error has its status`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("ship", after: ["build"])])
        #expect(conflict(world, "build") == "step_not_retryable queued")
        #expect(conflict(world, "ship") == "step_not_retryable blocked")
        let claims = try world.database.claim()
        #expect(conflict(world, "build") == "step_not_retryable queued")
        try world.database.finish(claims)
        #expect(conflict(world, "build") == "step_not_retryable succeeded")
        #expect(try world.events.contains("step.retried") == false)
        #expect(try world.activity == [])
    }

    @Test func `a step is not retried while its run is being cancelled, but afterwards`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("lint")])
        let claims = try world.database.claim("test.echo", 1)
        try world.database.call(CancelRun.self, world.input(), as: world.owner)
        #expect(conflict(world, "lint") == "step_not_retryable cancelling")
        try world.database.finish(claims, "cancelled")
        #expect(conflict(world, "lint") == nil)
        #expect(try world.steps == ["build": "cancelled", "lint": "queued"])
    }

    @Test func `a step that depends on another failed step stays skipped, and the run ends`() throws {
        let world = try RunWorld([
            TestStep("left", "test:fail"), TestStep("right", "test:fail"), TestStep("child", after: ["left", "right"]),
        ])
        try world.database.work("test.fail", "failed", outputs: nil, error: "test_failure")
        #expect(conflict(world, "child") == "step_not_retryable skipped")
        #expect(conflict(world, "left") == nil)
        try world.database.work("test.fail")
        #expect(try world.steps == ["left": "succeeded", "right": "failed", "child": "skipped"])
        #expect(try world.status == "failed")
        #expect(conflict(world, "right") == nil)
        try world.database.work("test.fail")
        try world.database.work()
        #expect(try world.status == "succeeded")
    }

    @Test func `a step whose dependency did not succeed is not retried`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("ship", after: ["build"])])
        try world.database.call(CancelRun.self, world.input(), as: world.owner)
        #expect(conflict(world, "ship") == "step_not_retryable dependencies")
    }

    @Test func `of many concurrent retries of a step one succeeds`() throws {
        let world = try RunWorld()
        try world.database.work("test.echo", "failed", outputs: nil, error: "http_status")
        let calls = (0..<8).map { _ in (caller: world.owner, input: world.step("build")) }
        let outcomes = world.database.race(RetryStep.self, calls)
        #expect(outcomes.tally() == ["ok": 1, "409 step_not_retryable": 7])
        #expect(try world.jobs == 1)
    }

    @Test func `foreign steps are not found, and a retry needs write permission`() throws {
        let world = try RunWorld()
        try world.database.work("test.echo", "failed", outputs: nil, error: "http_status")
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        func refusal(_ input: String, as caller: Caller) -> String? {
            world.database.refusal(of: RetryStep.self, input, as: caller)
        }
        #expect(refusal(theirs.input(world.run, #""step":"build""#), as: other) == "404 run_not_found")
        #expect(refusal(world.step("build"), as: other) == "404 team_not_found")
        #expect(refusal(world.step("ship"), as: world.owner) == "404 step_not_found")
        let another = try world.another([TestStep("ship")])
        #expect(refusal(world.input(#""step":"build""#, run: another), as: world.owner) == "404 step_not_found")
        #expect(refusal(world.step("build"), as: try world.member(as: .viewer)) == "403 forbidden")
        #expect(refusal(world.step("build"), as: world.owner.key(scopes: [.read])) == "403 insufficient_scope")
        #expect(try world.steps == ["build": "failed"])
    }
}
