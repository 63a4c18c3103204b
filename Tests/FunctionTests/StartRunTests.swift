import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct StartRunTests {
    @Test func `a plan is stored as a run with steps and events, and jobs for the steps without dependencies`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = Steps.json(
            [
                Steps.echo("a", more: #","inputs":{"b": 1, "a": [true]},"priority":-5,"delaySeconds":60"#),
                Steps.step("ok", "manual:deploy", more: #","inputs":{"role":"member","message":" Go? "}"#),
                Steps.step(
                    "c",
                    "codegen",
                    after: ["ok", "a"],
                    more: #"""
                        ,"inputs":{"prompt":{"$from":"a.a.0"}},"timeoutSeconds":7,"onFailure":"continue",
                        "retry":{"maxAttempts":5,"baseSeconds":1,"maxSeconds":9},"toolsAllowed":["codegen","test:echo"],
                        "secretsScope":"deploy"
                        """#
                ),
            ],
            more: #","deadlineSeconds":3600"#
        )
        try database.allowSecrets(["deploy"], to: team)
        let run = try database.run(plan, of: team, by: owner)

        #expect(
            run.jsonText.contains(#""runId":"\#(run.id)","status":"running","steps":[{"name":"a","status":"queued"},"#)
        )
        #expect(run.steps.map(\.status) == [.queued, .waiting, .blocked])
        #expect(
            try database.value(
                """
                SELECT concat_ws(' ', goal, status, steps_total, steps_open, steps_queued, steps_failed, event_seq,
                                 deadline_at - created_at, created_by = \(owner.user), rerun_of IS NULL)
                FROM nofx.runs WHERE team_id = \(team.id) AND id = \(run.id)
                """
            ) == "Test running 3 3 1 0 3 01:00:00 t t"
        )
        #expect(
            try database.value(
                """
                SELECT array_agg(concat_ws(' ', no, name, tool, topic, status, inputs, deps, dependents, deps_left,
                                           continues, priority, max_attempts, timeout_s, retry_base_s, retry_cap_s,
                                           delay_s, coalesce(secrets_scope, '-'), coalesce(tools_allowed::text, '-'))
                                 ORDER BY no)
                FROM nofx.steps WHERE run_id = \(run.id)
                """
            ) == [
                #"0 a test:echo test.echo queued {"b": 1, "a": [true]} {} {2} 0 f -5 3 60 2 300 60 - -"#,
                """
                1 ok manual:deploy gate.manual waiting {"role":"member","allowWaive":true,"fourEyes":false,\
                "expiresInSeconds":null,"message":"Go?"} {} {2} 0 f 0 3 60 2 300 0 - -
                """,
                """
                2 c codegen ai.generate blocked {"prompt":{"$from":"a.a.0"}} {0,1} {} 2 t 0 5 7 1 9 0 deploy \
                {codegen,test:echo}
                """,
            ]
        )
        #expect(
            try database.events(of: run.id) == ["1 run.created", "2 step.queued a", "3 gate.created ok"]
        )
        #expect(
            try database.value(
                "SELECT concat_ws(' ', topic, step_no, priority, state, max_attempts, attempt) FROM nofx.queue"
            ) == "test.echo 0 -5 scheduled 3 0"
        )
        #expect(
            try database.value("SELECT concat_ws(' ', step_no, status, required_role, message) FROM nofx.gates")
                == "1 pending member Go?"
        )
        #expect(try database.activity(of: team.id).last?.action == "run.started")
    }

    @Test func `a run that begins only with gates is waiting`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = Steps.json([Steps.step("ok", "gate:manual"), Steps.echo("a", after: ["ok"])])
        let run = try database.run(plan, of: team, by: owner)
        #expect(run.jsonText.contains(#""status":"waiting""#))
        #expect(try database.value("SELECT status FROM nofx.runs") == "waiting")
        #expect(try database.value("SELECT count(*) FROM nofx.queue") == 0)
    }

    @Test func `two steps with equal tool and inputs are both queued`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.run(Steps.json([Steps.echo("a"), Steps.echo("b")]), of: team, by: owner)
        #expect(try database.value("SELECT array_agg(step_no::bigint ORDER BY step_no) FROM nofx.queue") == [0, 1])
    }

    @Test func `a prompt is stored as a run`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let input =
            #"{"teamId":"\#(team.id)","standard":{"prompt":"Write it.","quality":{"lint":true},"approval":true}}"#
        let run = try database.call(StartRun.self, input, as: owner, quotas: .allTools)
        #expect(run.steps.map(\.name) == ["codegen", "review-lint", "deploy"])
        #expect(run.steps.map(\.status) == [.queued, .blocked, .blocked])
    }

    @Test func `a thousand steps with unusual names are stored unchanged`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let names = (0..<1_000).map { #"{"\#($0)},\"'\\é \#($0)"# }
        let steps = names.enumerated().map { number, name in
            let quoted = String(decoding: name.jsonBytes, as: UTF8.self)
            let other = number > 0 ? String(decoding: names[number - 1].jsonBytes, as: UTF8.self) : ""
            return #"{"name":\#(quoted),"tool":"test:echo","dependsOn":[\#(other)]}"#
        }
        let run = try database.run(Steps.json(steps), of: team, by: owner)
        #expect(run.steps.map(\.name) == names)
        #expect(try database.value("SELECT array_agg(name ORDER BY no) FROM nofx.steps") == names)
        #expect(try database.value("SELECT count(*) FROM nofx.queue") == 1)
    }

    // Cases: queue 44, 84
    @Test(arguments: [
        Steps.json([]), Steps.json([Steps.echo("a", after: ["a"])]), Steps.json([Steps.echo("a", after: ["b"])]),
        Steps.json([Steps.echo("a", after: ["b"]), Steps.echo("b", after: ["a"])]),
        Steps.json([Steps.echo("a"), Steps.echo("a")]), Steps.json([Steps.step("a", "bash")]),
        Steps.json([Steps.echo("a\\u0001")]),
        Steps.json([Steps.echo("a", more: #","inputs":{"_policy":{"tools":["bash"]}}"#)]),
        Steps.json([Steps.echo("a", more: #","inputs":{"x":{"$from":"b"}}"#), Steps.echo("b")]),
        Steps.json([Steps.echo("a", more: #","inputs":{"x":{"$secret":"K"}}"#)]),
        Steps.json([Steps.echo("a", more: #","env":{}"#)]),
    ])
    func `an invalid plan is rejected and nothing is stored`(_ plan: String) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        #expect(database.refusal(of: StartRun.self, team.plan(plan), as: owner) == "422 validation_failed")
        #expect(try database.countOfRunRows() == 0)
    }

    // Cases: queue 44
    @Test func `a plan that is too large is rejected and nothing is stored`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        for plan in [
            Steps.json((0...1_000).map { Steps.echo("s\($0)") }),
            Steps.json([Steps.echo("a", more: #","inputs":{"t":"\#(String(repeating: "a", count: 256 << 10))"}"#)]),
        ] {
            #expect(database.refusal(of: StartRun.self, team.plan(plan), as: owner) == "422 validation_failed")
        }
        #expect(try database.countOfRunRows() == 0)
    }

    @Test func `a violation in a plan is reported with its path in the input`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = Steps.json([Steps.echo("a", after: ["b"]), Steps.echo("b", after: ["a", "c"])])
        let problem = #expect(throws: Problem.self) { try database.run(plan, of: team, by: owner) }
        #expect(problem?.violations.map(\.field) == ["plan.steps[0].dependsOn", "plan.steps[1].dependsOn[1]"])
        #expect(problem?.violations.first?.detail == "must not form a cycle: a → b → a")
    }

    @Test(arguments: [
        "CREATE TRIGGER fail BEFORE INSERT ON nofx.steps FOR EACH ROW EXECUTE FUNCTION fail()" as Query,
        "CREATE TRIGGER fail BEFORE INSERT ON nofx.queue FOR EACH ROW EXECUTE FUNCTION fail()",
        "CREATE TRIGGER fail BEFORE INSERT ON nofx.gates FOR EACH ROW EXECUTE FUNCTION fail()",
        "CREATE TRIGGER fail BEFORE INSERT ON nofx.events FOR EACH ROW EXECUTE FUNCTION fail()",
    ])
    func `a run that cannot be stored completely is not stored`(_ trigger: Query) throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = team.plan(Steps.json([Steps.echo("a"), Steps.step("ok", "gate:manual")]))
        try database.rows("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$")
        try database.rows(trigger)
        #expect(database.refusal(of: StartRun.self, plan, as: owner) == "500 internal")
        #expect(try database.countOfRunRows() == 0)
    }

    @Test func `16 concurrent runs of a team all start`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = team.plan(Steps.json([Steps.echo("a"), Steps.echo("b", after: ["a"])]))
        let outcomes = database.race(StartRun.self, [(Caller, String)](repeating: (owner, plan), count: 16))
        #expect(Set(try outcomes.map { try $0.get().id }).count == 16)
        #expect(try database.value("SELECT count(*) FROM nofx.runs WHERE event_seq = 2") == 16)
        #expect(try database.value("SELECT count(*) FROM nofx.queue") == 16)
    }
}
