import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import Operations
@testable import nofx

/// The retention of runs and of dead letters.
@Suite struct PurgeRunsTests {
    // Cases: queue 94
    @Test func `a run is purged with all its rows 90 days after its end, and an open run is kept`() throws {
        let world = try RunWorld([TestStep("build"), TestStep("fail", "test:fail", continues: true)])
        try world.database.finish(
            world.database.claim(),
            artifacts: [TestArtifact("notes.md", "text/markdown", "#".utf8)]
        )
        try world.database.work("test.fail", "failed", outputs: nil, error: "test_failure")
        // A failure that the plan tolerates is no dead letter, so one of another run stands for it.
        try world.database.rows(
            """
            INSERT INTO nofx.dead_letters (id, topic, tenant_id, run_id, step_no, priority, attempts, error, enqueued_at,
                                           dead_lettered_at)
            SELECT nofx.step_job_id(id, 1), 'test.fail', team_id, id, 1, 0, 1, 'test_failure', now(), now() FROM nofx.runs
            """
        )
        let lately = try world.another()
        try world.database.work()
        let waiting = try world.another([TestStep("approve", "gate:manual")])
        let running = try world.another()
        try world.database.rows(
            """
            UPDATE nofx.runs SET created_at = now() - interval '100 days', ended_at = CASE id
                WHEN \(world.run) THEN now() - interval '90 days'
                WHEN \(lately) THEN now() - interval '89 days' END
            """
        )
        #expect(
            try world.database.rowsOfRuns().keys.sorted() == [
                "artifacts", "dead_letters", "events", "gates", "queue", "runs", "steps",
            ]
        )
        let report = try world.database.purge()
        #expect(report.counts[.runs] == 1)
        #expect(try report.answer["runs"]?.integer == 1)
        let kept: [UUID] = try world.database.value("SELECT array_agg(id ORDER BY id) FROM nofx.runs")
        #expect(kept == [lately, waiting, running])
        #expect(try world.database.rowsOfRuns(world.run).isEmpty)
        #expect(try world.database.rowsOfRuns() == ["events": 9, "gates": 1, "queue": 1, "runs": 3, "steps": 3])
        #expect(try world.database.purge().counts[.runs] == 0)
    }

    @Test func `runs are purged in smaller batches than other rows`() throws {
        let world = try RunWorld()
        for _ in 0..<24 { try world.another() }
        try world.database.work()
        try world.database.rows("UPDATE nofx.runs SET ended_at = now() - interval '91 days'")
        #expect(Retention.Kind.runs.limit(of: .standard) == 100)
        let report = try world.database.purge(#"{"batch":100}"#)
        #expect(report.counts[.runs] == 25)
        #expect(try world.database.rowsOfRuns().isEmpty)
    }

    @Test func `a team's runs are purged before the team, in several transactions if needed`() throws {
        let world = try RunWorld()
        let other = try world.database.world("bob")
        for _ in 0..<4 { try world.another([TestStep("build"), TestStep("approve", "gate:manual")]) }
        try world.database.call(DeleteTeam.self, world.team.reference, as: world.owner)
        #expect(try world.database.purge().counts[.runsOfTeams] == 0)
        try world.database.rows("UPDATE nofx.teams SET purge_after = now() WHERE id = \(world.team.id)")
        let report = try world.database.purge(#"{"batch":20}"#)
        #expect(report.counts[.runsOfTeams] == 5)
        #expect(report.counts[.teams] == 1)
        #expect(try report.answer["runs"]?.integer == 5)
        #expect(try world.database.value("SELECT array_agg(DISTINCT team_id) FROM nofx.steps") == [other.team.id])
        #expect(try world.database.value("SELECT array_agg(id) FROM nofx.teams") == [other.team.id])
    }

    @Test func `a locked run is skipped until the next purge`() throws {
        let world = try RunWorld()
        try world.database.work()
        try world.database.rows("UPDATE nofx.runs SET ended_at = now() - interval '91 days'")
        var connection = try world.database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.runs FOR NO KEY UPDATE")
            #expect(try world.database.purge().counts[.runs] == 0)
        }
        #expect(try world.database.purge().counts[.runs] == 1)
    }

    @Test func `two concurrent purges delete each run once`() throws {
        let world = try RunWorld()
        for _ in 0..<39 { try world.another() }
        try world.database.work()
        try world.database.rows("UPDATE nofx.runs SET ended_at = now() - interval '91 days'")
        let reports = try runConcurrently(2) { _, barrier in
            var context = try world.database.operatorContext()
            try context.withConnection { _ in }
            barrier()
            return try Purge.call(#"{"batch":10}"#, in: &context)
        }
        #expect(reports.map { $0.counts[.runs, default: 0] }.reduce(0, +) == 40)
        #expect(try world.database.rowsOfRuns().isEmpty)
    }

    @Test func `dead letters without a run are purged after 90 days, those of steps with their runs`() throws {
        let world = try RunWorld()
        try world.database.work("test.echo", "failed", outputs: nil, error: "http_status")
        try world.database.rows("UPDATE nofx.dead_letters SET dead_lettered_at = now() - interval '91 days'")
        try world.database.rows(
            """
            INSERT INTO nofx.dead_letters (id, topic, tenant_id, priority, attempts, error, enqueued_at, dead_lettered_at, payload)
            SELECT gen_random_uuid(), 'tests', \(UUID(high: 0, low: 0)), 0, 1, 'tests', now(),
                   now() - days * interval '1 day', '{}'
            FROM unnest('{89,90,91}'::integer[]) AS days
            """
        )
        let report = try world.database.purge()
        #expect(report.counts[.deadJobs] == 2)
        #expect(try report.answer["deadJobs"]?.integer == 2)
        #expect(try world.database.value("SELECT count(*) FROM nofx.dead_letters WHERE run_id IS NULL") == 1)
        #expect(try world.database.value("SELECT count(*) FROM nofx.dead_letters WHERE run_id IS NOT NULL") == 1)
    }
}

extension TestDatabase {
    @discardableResult
    fileprivate func purge(_ input: String = "{}") throws -> Retention.Report {
        var context = try operatorContext()
        return try Purge.call(input, in: &context)
    }

    /// The row counts of a run, or of all runs, by table; tables without rows are omitted.
    fileprivate func rowsOfRuns(_ run: UUID? = nil) throws -> [String: Int] {
        let rows = try rows(
            """
            SELECT 'runs', count(*) FROM nofx.runs WHERE \(run) IS NULL OR id = \(run) UNION ALL
            SELECT 'steps', count(*) FROM nofx.steps WHERE \(run) IS NULL OR run_id = \(run) UNION ALL
            SELECT 'gates', count(*) FROM nofx.gates WHERE \(run) IS NULL OR run_id = \(run) UNION ALL
            SELECT 'events', count(*) FROM nofx.events WHERE \(run) IS NULL OR run_id = \(run) UNION ALL
            SELECT 'artifacts', count(*) FROM nofx.artifacts WHERE \(run) IS NULL OR run_id = \(run) UNION ALL
            SELECT 'queue', count(*) FROM nofx.queue WHERE \(run) IS NULL OR run_id = \(run) UNION ALL
            SELECT 'dead_letters', count(*) FROM nofx.dead_letters WHERE \(run) IS NULL OR run_id = \(run)
            """
        )
        return try (0..<rows.count).reduce(into: [:]) { counts, index in
            let count: Int = try rows[index][1]
            if count > 0 { counts[try rows[index][0]] = count }
        }
    }
}
