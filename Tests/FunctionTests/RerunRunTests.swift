import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct RerunRunTests {
    @Test func `a rerun starts the same plan again, whatever the state of the run`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = Steps.json(
            [
                Steps.echo("a", more: #","inputs":{"x": [1]},"toolsAllowed":["test:echo"],"secretsScope":"s""#),
                Steps.step("ok", "gate:manual", after: ["a"]), Steps.echo("b", after: ["a", "ok"]),
            ],
            more: #","deadlineSeconds":60"#
        )
        try database.allowSecrets(["s"], to: team)
        let first = try database.run(plan, of: team, by: owner)
        try database.rows("UPDATE nofx.steps SET status = 'failed', ended_at = now(), attempt = 3 WHERE no = 0")
        let again = try database.call(RerunRun.self, team.run(first.id), as: owner)

        #expect(again.id != first.id)
        #expect(again.rerunOf == first.id)
        #expect(again.steps.map(\.name) == ["a", "ok", "b"])
        #expect(again.steps.map(\.status) == [.queued, .blocked, .blocked])
        #expect(
            try database.value(
                """
                SELECT count(*) FROM (
                    SELECT no, name, tool, topic, inputs::text, deps, dependents, deps_left, continues, priority,
                           max_attempts, timeout_s, retry_base_s, retry_cap_s, delay_s, secrets_scope, tools_allowed
                    FROM nofx.steps WHERE run_id = \(first.id)
                    INTERSECT
                    SELECT no, name, tool, topic, inputs::text, deps, dependents, deps_left, continues, priority,
                           max_attempts, timeout_s, retry_base_s, retry_cap_s, delay_s, secrets_scope, tools_allowed
                    FROM nofx.steps WHERE run_id = \(again.id)
                ) AS same
                """
            ) == 3
        )
        #expect(
            try database.value(
                "SELECT concat_ws(' ', goal, status, rerun_of, deadline_at - created_at) FROM nofx.runs WHERE id = \(again.id)"
            ) == "Test running \(first.id) 00:01:00"
        )
        #expect(try database.events(of: again.id) == ["1 run.created", "2 step.queued a"])
        #expect(try database.value("SELECT count(*) FROM nofx.queue") == 2)
    }

    @Test func `a rerun that begins only with gates is waiting`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let first = try database.run(Steps.json([Steps.step("ok", "gate:manual")]), of: team, by: owner)
        let again = try database.call(RerunRun.self, team.run(first.id), as: owner)
        #expect(again.jsonText.contains(#""status":"waiting","steps":[{"name":"ok","status":"waiting"}]"#))
    }

    @Test func `another team's run and an unknown run are not found`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        let run = try database.run(of: team, by: owner)
        for refusal in [
            database.refusal(of: RerunRun.self, other.run(run.id), as: owner),
            database.refusal(of: RerunRun.self, team.run(.make()), as: owner),
        ] {
            #expect(refusal == "404 run_not_found")
        }
        #expect(database.refusal(of: RerunRun.self, team.run(run.id), as: .stranger()) == "404 team_not_found")
        let viewer = try database.member(of: team, as: .viewer)
        #expect(database.refusal(of: RerunRun.self, team.run(run.id), as: viewer) == "403 forbidden")
        #expect(try database.value("SELECT count(*) FROM nofx.runs") == 1)
    }

    @Test func `forbidden tools and a full queue refuse a rerun like a new run`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let run = try database.run(of: team, by: owner)
        var quotas = Quotas()
        quotas.queuedStepsPerTeam = 1
        #expect(
            database.refusal(of: RerunRun.self, team.run(run.id), as: owner, quotas: quotas) == "429 queue_full"
        )
        try database.allow(["test:fail"], to: team)
        let problem = #expect(throws: Problem.self) {
            try database.call(RerunRun.self, team.run(run.id), as: owner)
        }
        #expect(problem?.lists == ["tools": ["test:echo"]])
        #expect(try database.value("SELECT count(*) FROM nofx.runs") == 1)
    }
}

extension Team {
    /// The input that names the team and a run.
    fileprivate func run(_ run: ID<Run>) -> String { #"{"teamId":"\#(id)","runId":"\#(run)"}"# }
}
