import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct PreviewRunTests {
    @Test func `a plan is returned as it would run, and no run is started`() throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let viewer = try database.member(of: team, as: .viewer)
        let plan = Steps.json([
            Steps.echo("a.b"), Steps.step("ok", "gate:manual", after: ["a.b"]),
            Steps.echo("c", after: ["ok"], more: #","inputs":{"x":[{"y":{"$from":"a.b.z.0"}}]}"#),
        ])
        let preview = try database.call(PreviewRun.self, team.plan(plan), as: viewer)
        #expect(
            preview.jsonText.hasSuffix(
                #"""
                "steps":[{"name":"a.b","gate":false,"allowed":true,"stage":0,"references":[]},
                {"name":"ok","gate":true,"allowed":true,"stage":1,"references":[]},
                {"name":"c","gate":false,"allowed":true,"stage":2,
                "references":[{"input":"x[0].y","step":"a.b","path":["z","0"]}]}],"stages":3}
                """#.replacing("\n", with: "")
            )
        )
        #expect(try database.countOfRunRows() == 0)
    }

    @Test func `a previewed plan can be started`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let input =
            #"{"teamId":"\#(team.id)","standard":{"prompt":"Write it.","quality":{"audit":true},"approval":true}}"#
        let preview = try database.call(PreviewRun.self, input, as: owner)
        let run = try database.run(preview.plan.jsonText, of: team, by: owner)
        #expect(run.steps.map(\.name) == ["codegen", "review-audit", "deploy"])
    }

    @Test func `steps with a forbidden tool are marked`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.allow(["test:echo"], to: team)
        let plan = Steps.json([
            Steps.echo("a"), Steps.echo("b", more: #","toolsAllowed":[]"#), Steps.step("c", "test:fail"),
        ])
        let preview = try database.call(PreviewRun.self, team.plan(plan), as: owner)
        #expect(preview.steps.map(\.isAllowed) == [true, false, false])
    }

    @Test func `previews need read permission, and an invalid plan is rejected`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = team.plan(Steps.json([Steps.echo("a")]))
        let blind = try database.member(of: team, as: .member, permissions: [.write])
        #expect(database.refusal(of: PreviewRun.self, plan, as: .stranger()) == "404 team_not_found")
        #expect(database.refusal(of: PreviewRun.self, plan, as: blind) == "403 forbidden")
        let writer = try database.keyHolder(for: owner, [.write])
        #expect(database.refusal(of: PreviewRun.self, plan, as: writer) == "403 insufficient_scope")
        #expect(database.refusal(of: PreviewRun.self, team.plan("{}"), as: owner) == "422 validation_failed")
        #expect(database.refusal(of: PreviewRun.self, team.reference, as: owner) == "422 validation_failed")
    }
}
