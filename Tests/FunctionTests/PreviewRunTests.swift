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

    @Test func `a preview lists every refusal of startRun with its code`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.allow(["test:echo"], to: team)
        let secret = #","secretsScope":"deploy","inputs":{"x":{"$secret":"KEY"}}"#
        for (steps, tools, scopes) in [
            ([Steps.echo("a")], [], []), ([Steps.step("a", "test:fail")], ["test:fail"], []),
            ([Steps.echo("a", more: secret)], [], ["deploy"]),
            ([Steps.echo("a", more: #","toolsAllowed":[]"#)], ["test:echo"], []),
            (
                [Steps.echo("a", more: secret), Steps.step("b", "wait:until", more: #","inputs":{"seconds":1}"#)],
                ["wait:until"], ["deploy"]
            ),
        ] as [([String], [String], [String])] {
            let plan = team.plan(Steps.json(steps))
            let refusals = try database.call(PreviewRun.self, plan, as: owner).answer["refusals"]
            let found = try #require(refusals).elements.map { $0 }
            #expect(found.flatMap { $0["tools"]?.elements.map(\.string) ?? [] } == tools)
            #expect(found.flatMap { $0["secretsScopes"]?.elements.map(\.string) ?? [] } == scopes)
            let answer = database.refusal(of: StartRun.self, plan, as: owner)
            #expect(answer == found.first.map { "\($0["status"]?.integer ?? 0) \($0["code"]?.string ?? "")" })
            let preview = try database.call(PreviewRun.self, plan, as: owner)
            #expect(preview.steps.contains { !$0.isAllowed } == !found.isEmpty)
        }
        let plan = team.plan(Steps.json([Steps.echo("a")]))
        let viewer = try database.member(of: team, as: .viewer)
        let keyHolder = try database.keyHolder(for: owner, [.read])
        for caller in [viewer, keyHolder] {
            let refusals = try database.call(PreviewRun.self, plan, as: caller).answer["refusals"]
            let refusal = try #require(refusals?.elements.map { $0 }.first)
            let answer = "\(refusal["status"]?.integer ?? 0) \(refusal["code"]?.string ?? "")"
            #expect(database.refusal(of: StartRun.self, plan, as: caller) == answer)
        }
    }

    @Test func `a preview reports a full queue`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.run(Steps.json((0..<3).map { Steps.echo("\($0)") }), of: team, by: owner)
        let refused: [String] = try database.value(
            """
            SELECT array_agg(r.outcome) FROM (SELECT set_config('nofx.user_id', \("\(owner.user)"), true)) c,
                   LATERAL (SELECT * FROM nofx.start_refusals(\(team.id), '{test:echo}', NULL, 3, 1000000)
                            WHERE c IS NOT NULL) r
            """
        )
        #expect(refused == ["queue_full"])
    }

    @Test func `the outputs of the plan's tools are shown`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = Steps.json([Steps.echo("a"), Steps.step("b", "codegen", more: #","inputs":{"prompt":"x"}"#)])
        let outputs = try database.call(PreviewRun.self, team.plan(plan), as: owner).answer["outputs"]
        let tools = try #require(outputs).elements.map { $0 }
        #expect(tools.map { $0["tool"]?.string } == ["test:echo", "codegen"])
        #expect(tools[0]["outputs"]?.isNull == true)
        #expect(tools[1]["outputs"]?.elements.first { _ in true }?["name"]?.string == "text")
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
