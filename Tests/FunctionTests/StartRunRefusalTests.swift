import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

/// Reasons to refuse a run with a valid plan.
@Suite struct StartRunRefusalTests {
    // Cases: queue 84
    @Test func `tools that the policy forbids are named, and nothing is queued`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        try database.allow(["test:echo"], to: team)
        let plan = Steps.json([
            Steps.echo("a"), Steps.step("b", "test:fail"), Steps.step("c", "gate:manual"), Steps.step("d", "test:fail"),
        ])
        let problem = #expect(throws: Problem.self) { try database.run(plan, of: team, by: owner) }
        #expect(problem?.status == 403)
        #expect(problem?.code == "policy_denied")
        #expect(problem?.lists == ["tools": ["gate:manual", "test:fail"]])
        #expect(try database.countOfRunRows() == 0)
        #expect(throws: Never.self) { try database.run(of: team, by: owner) }
    }

    // Cases: queue 85
    @Test func `secrets that the policy forbids are named, and nothing is queued`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = Steps.json(
            ["ci", "prod", "dev", "prod"].enumerated().map { number, scope in
                Steps.echo("\(number)", more: #","secretsScope":"\#(scope)""#)
            }
        )
        for (allowed, denied) in [([], ["ci", "dev", "prod"]), (["dev"], ["ci", "prod"])] {
            try database.allowSecrets(allowed, to: team)
            let problem = #expect(throws: Problem.self) { try database.run(plan, of: team, by: owner) }
            #expect(problem?.code == "policy_denied")
            #expect(problem?.lists == ["secretsScopes": denied])
        }
        #expect(try database.countOfRunRows() == 0)
        try database.allowSecrets(["ci", "dev", "prod"], to: team)
        #expect(throws: Never.self) { try database.run(plan, of: team, by: owner) }
    }

    @Test func `a tool that its step does not allow is named to members`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = team.plan(Steps.json([Steps.echo("a", more: #","toolsAllowed":["test:fail"]"#)]))
        let problem = #expect(throws: Problem.self) { try database.call(StartRun.self, plan, as: owner) }
        #expect(problem?.code == "policy_denied")
        #expect(problem?.lists == ["tools": ["test:echo"]])
        #expect(database.refusal(of: StartRun.self, plan, as: .stranger()) == "404 team_not_found")
        #expect(try database.countOfRunRows() == 0)
    }

    @Test func `a team with too many queued steps gets Retry-After, and other teams do not`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        var quotas = Quotas()
        quotas.queuedStepsPerTeam = 2
        let plan = Steps.json([Steps.echo("a")])
        for _ in 0..<2 { try database.call(StartRun.self, team.plan(plan), as: owner, quotas: quotas) }
        let problem = #expect(throws: Problem.self) {
            try database.call(StartRun.self, team.plan(plan), as: owner, quotas: quotas)
        }
        #expect(problem?.status == 429)
        #expect(problem?.code == "queue_full")
        #expect(problem?.retryAfter == 10)
        #expect(throws: Never.self) {
            try database.call(StartRun.self, other.plan(plan), as: owner, quotas: quotas)
        }
        try database.rows("DELETE FROM nofx.queue WHERE tenant_id = \(team.id)")
        #expect(throws: Never.self) {
            try database.call(StartRun.self, team.plan(plan), as: owner, quotas: quotas)
        }
    }

    @Test func `a team whose runs have enough bytes starts no more, and others do`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let (team, other) = (try database.team(of: owner), try database.team("Other", of: owner))
        var quotas = Quotas()
        quotas.storedBytesPerTeam = 10_000
        let inputs = #","inputs":{"text":"\#(String(repeating: "x", count: 6_000))"}"#
        let plan = Steps.json([Steps.echo("a", more: inputs)])
        let run = try database.call(StartRun.self, team.plan(plan), as: owner, quotas: quotas)
        try database.rows("UPDATE nofx.team_bytes SET counted_at = counted_at - interval '2 minutes'")
        #expect(
            database.refusal(of: StartRun.self, team.plan(plan), as: owner, quotas: quotas) == "429 storage_full"
        )
        #expect(
            database.refusal(of: RerunRun.self, team.input(run.id.uuid), as: owner, quotas: quotas)
                == "429 storage_full"
        )
        #expect(database.refusal(of: StartRun.self, other.plan(plan), as: owner, quotas: quotas) == nil)
        try database.rows("DELETE FROM nofx.runs WHERE team_id = \(team.id)")
        try database.rows("UPDATE nofx.team_bytes SET counted_at = counted_at - interval '2 minutes'")
        #expect(database.refusal(of: StartRun.self, team.plan(plan), as: owner, quotas: quotas) == nil)
    }

    @Test func `a result for which the team has no room is a failure, and its artifacts are not kept`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        var quotas = Quotas()
        quotas.storedBytesPerTeam = 20_000
        let plan = Steps.json((0..<4).map { Steps.echo("s\($0)") })
        let run = try database.call(StartRun.self, team.plan(plan), as: owner, quotas: quotas)
        let outputs = #"{"text":"\#(String(repeating: "x", count: 6_000))"}"#
        let claims = try database.claim()
        try database.finish(Array(claims.prefix(2)), outputs: outputs)
        let large = TestArtifact("a.txt", "text/plain", String(repeating: "x", count: 9_000).utf8)
        try database.finish([claims[2]], outputs: "{}", artifacts: [large])
        try database.finish([claims[3]], outputs: "{}")
        #expect(
            try database.value("SELECT array_agg(coalesce(error ->> 'code', '') ORDER BY no) FROM nofx.steps")
                == ["", "", "storage_full", ""]
        )
        #expect(try database.value("SELECT count(*) FROM nofx.artifacts") == 0)
        #expect(try database.value("SELECT bytes BETWEEN 12000 AND 20000 FROM nofx.runs WHERE id = \(run.id)"))
    }

    @Test func `where all teams together have too much to do, nobody starts more`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = Steps.json((0..<20).map { Steps.echo("s\($0)") })
        try database.run(plan, of: team, by: owner)
        // The server updates its estimate after a session has ended.
        try Poll.until {
            try database.value("SELECT pg_stat_get_live_tuples('nofx.queue'::regclass)", as: Int.self) >= 20
        }
        var quotas = Quotas()
        quotas.queuedSteps = 20
        let other = try database.team("Other", of: owner)
        #expect(
            database.refusal(of: StartRun.self, other.plan(plan), as: owner, quotas: quotas) == "429 queue_full"
        )
    }

    @Test func `starting a run needs a member with write permission and a credential with the scope`() throws {
        let database = try TestDatabase()
        let owner = Caller.stranger()
        let team = try database.team(of: owner)
        let plan = team.plan(Steps.json([Steps.echo("a")]))
        let viewer = try database.member(of: team, as: .viewer)
        let member = try database.member(of: team, as: .member)
        let stripped = try database.member(of: team, as: .admin, permissions: [.read])
        let denial = #expect(throws: Denial.self) { try database.call(StartRun.self, plan, as: viewer) }
        #expect(denial?.problem.detail == "Insufficient permissions to start runs")
        #expect(denial?.role == .viewer)
        #expect(database.refusal(of: StartRun.self, plan, as: stripped) == "403 forbidden")
        #expect(database.refusal(of: StartRun.self, plan, as: .stranger()) == "404 team_not_found")
        let reader = try database.keyHolder(for: owner, [.read])
        #expect(database.refusal(of: StartRun.self, plan, as: reader) == "403 insufficient_scope")
        #expect(try database.countOfRunRows() == 0)
        #expect(database.refusal(of: StartRun.self, plan, as: member) == nil)
        let writer = try database.keyHolder(for: owner, [.write], team: team)
        #expect(database.refusal(of: StartRun.self, plan, as: writer) == nil)
        let other = try database.team("Other", of: owner)
        #expect(database.refusal(of: StartRun.self, other.plan("{}"), as: writer) == "422 validation_failed")
        #expect(
            database.refusal(of: StartRun.self, other.plan(Steps.json([Steps.echo("a")])), as: writer)
                == "404 team_not_found"
        )
    }

    @Test(arguments: [
        ("UPDATE nofx.team_members SET role = 'viewer' WHERE role = 'member'" as Query, "403 forbidden"),
        ("DELETE FROM nofx.team_members WHERE role = 'member'", "404 team_not_found"),
        ("UPDATE nofx.teams SET deleted_at = now(), purge_after = now()", "404 team_not_found"),
    ])
    func `a permission lost during the wait for a lock is detected`(_ revocation: Query, _ expected: String) throws {
        let database = try TestDatabase()
        let team = try database.team(of: .stranger())
        let member = try database.member(of: team, as: .member)
        var holder = try database.connect()
        let waiter = try holder.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(team.id) FOR UPDATE")
            let waiter = database.start(StartRun.self, team.plan(Steps.json([Steps.echo("a")])), as: member)
            try database.awaitWaiters()
            try transaction.run(revocation)
            return waiter
        }
        #expect([waiter.join()].tally() == [expected: 1])
        #expect(try database.countOfRunRows() == 0)
    }
}
