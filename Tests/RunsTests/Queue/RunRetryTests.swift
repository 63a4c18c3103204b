import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunRetryTests {
    // Cases: queue 43, 49
    @Test func `a step with a transient failure is retried, and the run continues meanwhile`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec(after: [0])])
        for attempt in 1...2 {
            let claims = try client.claim()
            #expect(claims.map(\.attempt) == [attempt])
            try client.finish(claims, "retry", error: "ai_overloaded", delay: .seconds(3_600))
            #expect(try fixture.steps(of: run) == ["queued", "blocked"])
            #expect(try fixture.status(of: run) == "running")
            #expect(try client.claim().isEmpty)
            #expect(
                try fixture.database.value(
                    "SELECT run_at > now() + interval '50 min' AND run_at <= now() + interval '1 hour' FROM nofx.queue"
                )
            )
            try fixture.endDelays()
            try client.maintain()
        }
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.database.value("SELECT attempt FROM nofx.steps WHERE no = 0", as: Int.self) == 3)
        #expect(try fixture.events(of: run).filter { $0 == "step.retrying s0" }.count == 2)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test(arguments: [("ai_overloaded", "failed"), ("timed_out", "timed_out")])
    func `a step is dead-lettered after its last attempt`(code: String, status: String) throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(attempts: 2)])
        for _ in 0..<2 { try client.finish(try client.claim(), "retry", error: code) }
        #expect(try fixture.steps(of: run) == [status])
        #expect(try fixture.errors(of: run) == [code])
        #expect(try fixture.status(of: run) == "failed")
        #expect(try fixture.deadLetters() == ["s0 \(code)"])
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 50
    @Test func `a permanent failure ends the step at once`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(attempts: 9)])
        try client.finish(try client.claim(), "failed", error: "policy_denied")
        #expect(try fixture.steps(of: run) == ["failed"])
        #expect(try fixture.database.value("SELECT attempt FROM nofx.steps", as: Int.self) == 1)
    }

    // Cases: queue 52, 57
    @Test func `a failed step can be retried by a user, with the steps skipped after it`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(), StepSpec(after: [0]), StepSpec(after: [1], tool: "gate:manual"), StepSpec(after: [2]),
        ])
        let late = try client.claim()
        try client.finish(late, "failed", error: "no")
        let before = try fixture.lastEvent(of: run)
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.steps(of: run) == ["queued", "blocked", "blocked", "blocked"])
        #expect(
            try fixture.events(of: run, since: before) == [
                "run.resumed", "step.retried s0", "step.reopened s1", "step.reopened s2", "step.reopened s3",
                "step.queued s0",
            ]
        )
        #expect(
            try fixture.database.value(
                "SELECT data ->> 'by' FROM nofx.events WHERE type = 'step.retried'"
            ) == fixture.owner.description
        )
        #expect(try fixture.deadLetters().isEmpty)
        #expect(try fixture.faults().isEmpty)
        // The result of the earlier attempt is rejected.
        #expect(try client.finish(late).isEmpty)
        let claims = try client.claim()
        #expect(claims.map(\.attempt) == [1])
        #expect(try client.finish(late).isEmpty)
        try client.finish(claims)
        try client.drain()
        #expect(try fixture.status(of: run) == "waiting")
        #expect(try client.decide(2, of: run, "approved") == "ok approved")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 53
    @Test func `of two concurrent retries of a step one gets its status queued`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<5 {
            let run = try client.start([StepSpec()])
            try client.finish(try client.claim(), "failed")
            let outcomes = try runConcurrently(2) { _, barrier in
                var client = try fixture.client()
                barrier()
                return try client.retry(0, of: run)
            }
            #expect(outcomes.sorted() == ["conflict queued", "ok"])
            try client.drain()
        }
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 54, 56
    @Test func `a step that has not failed cannot be retried`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec(after: [0])])
        #expect(try client.retry(0, of: run) == "conflict queued")
        #expect(try client.retry(1, of: run) == "conflict blocked")
        let claims = try client.claim()
        #expect(try client.retry(0, of: run) == "conflict queued")
        try client.finish(claims)
        #expect(try client.retry(0, of: run) == "conflict succeeded")
        #expect(try client.retry(7, of: run) == "no_step")
        let other = try RunFixture(in: fixture.database)
        var others = try other.client()
        #expect(try others.retry(0, of: run) == "no_run")
        #expect(try fixture.faults().isEmpty)
    }

    // Cases: queue 55
    @Test func `a step with another failed dependency stays skipped`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(), StepSpec(), StepSpec(after: [0, 1]), StepSpec(after: [0]), StepSpec(after: [2]),
        ])
        try client.finish(try client.claim(2), "failed")
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.steps(of: run) == ["queued", "failed", "skipped", "blocked", "skipped"])
        try client.drain()
        #expect(try fixture.status(of: run) == "failed")
        #expect(try client.retry(2, of: run) == "conflict skipped")
        #expect(try client.retry(1, of: run) == "ok")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 55
    @Test func `a step that has not started waits for a dependency that is retried`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(continues: true), StepSpec(), StepSpec(after: [0, 1])])
        let claims = try client.claim(2)
        try client.finish([claims[0]], "failed")
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.faults().isEmpty)
        try client.finish(try client.claim())
        #expect(try fixture.steps(of: run) == ["succeeded", "queued", "blocked"])
        try client.finish([claims[1]])
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 55
    @Test func `a step cancelled after an optional one is not reopened by its retry`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(continues: true), StepSpec(after: [0]), StepSpec(after: [1])])
        try client.finish(try client.claim(), "failed")
        try client.finish(try client.claim())
        try client.cancel(run)
        #expect(try fixture.steps(of: run) == ["failed", "succeeded", "cancelled"])
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.faults().isEmpty)
        try client.drain()
        #expect(try fixture.status(of: run) == "cancelled")
        #expect(try client.retry(2, of: run) == "ok")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a retry keeps the deadline of an open run, and gives an ended run the plan's time`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec()], deadline: .seconds(3_600))
        let claims = try client.claim(2)
        try client.finish([claims[0]], "failed")
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.database.value("SELECT deadline_at = created_at + interval '1 hour' FROM nofx.runs"))
        try client.finish([claims[1]])
        try client.finish(try client.claim(), "failed")
        // Long after its deadline.
        try client.rows(
            "UPDATE nofx.runs SET created_at = now() - interval '2 days', deadline_at = now() - interval '1 day'"
        )
        #expect(try client.retry(0, of: run) == "ok")
        try client.maintain()
        #expect(try fixture.status(of: run) == "running")
        #expect(
            try fixture.database.value(
                "SELECT deadline_at BETWEEN now() + interval '59 min' AND now() + interval '1 hour' FROM nofx.runs"
            )
        )
    }

    @Test func `a retry of a run without a deadline gives it none`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()])
        try client.finish(try client.claim(), "failed")
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.database.value("SELECT deadline_at IS NULL FROM nofx.runs"))
    }

    @Test func `runs of a restored team have the plan's time from then on, also those that were retried`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let runs = [try client.start([StepSpec()], deadline: .seconds(3_600)), try client.start([StepSpec()])]
        try client.finish(try client.claim(), "failed")
        #expect(try client.retry(0, of: runs[0]) == "ok")
        let delete = "UPDATE nofx.teams SET deleted_at = now(), purge_after = now() + interval '30 days'" as Query
        let restore = "UPDATE nofx.teams SET deleted_at = NULL, purge_after = NULL" as Query
        let deadline = "SELECT array_agg(deadline_at ORDER BY deadline_s)::text FROM nofx.runs" as Query
        // The deadline of the retry, not that of the start, stays until it has passed.
        try client.rows("UPDATE nofx.runs SET created_at = now() - interval '30 min'")
        let before: String = try fixture.database.value(deadline)
        try client.rows(delete)
        try client.rows(restore)
        #expect(try fixture.database.value(deadline) == before)
        try client.rows(
            "UPDATE nofx.runs SET created_at = now() - interval '2 days', deadline_from = now() - interval '2 days'"
        )
        try client.rows(delete)
        #expect(try fixture.database.value("SELECT bool_and(deadline_at <= now()) FROM nofx.runs"))
        try client.rows(restore)
        try client.maintain()
        #expect(try runs.map { try fixture.status(of: $0) } == ["running", "running"])
        #expect(
            try fixture.database.value(
                """
                SELECT array_agg(CASE WHEN deadline_at IS NULL THEN 'none'
                                      WHEN deadline_at > now() + interval '59 min' THEN 'an hour' ELSE 'past' END
                                 ORDER BY deadline_s)
                FROM nofx.runs
                """
            ) == ["an hour", "none"]
        )
    }

    // Cases: queue 59, 60
    @Test func `the oldest dead letters are redriven first, and may be dead-lettered again`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start(Array(repeating: StepSpec(), count: 120))
        for claim in try client.claim(120) { try client.finish([claim], "failed", error: "e\(claim.step)") }
        func redrive() throws -> Int {
            var client = try fixture.client()
            return try client.rows("SELECT nofx.redrive_jobs('test.echo', NULL, 50, '{\"by\":\"x\"}')").value()
        }
        #expect(try redrive() == 50)
        #expect(try fixture.deadLetters() == (50..<120).map { "s\($0) e\($0)" })
        #expect(try fixture.status(of: run) == "running")
        #expect(try redrive() == 50)
        let claims = try client.claim(200)
        #expect(claims.map(\.step) == Array(0..<100))
        try client.finish(claims, "failed", error: "again")
        #expect(try fixture.deadLetters().filter { $0.hasSuffix("again") }.count == 100)
        #expect(try fixture.events(of: run).filter { $0.hasPrefix("step.retried") }.count == 100)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a failure that the plan tolerates is no dead letter, and its run succeeds once`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(continues: true), StepSpec(after: [0]), StepSpec()])
        try client.finish(try client.claim(), "failed")
        #expect(try fixture.deadLetters() == [])
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try client.rows("SELECT nofx.redrive_jobs(NULL, NULL, 50, NULL)").value(as: Int.self) == 0)
        #expect(try fixture.events(of: run).filter { $0 == "run.succeeded" }.count == 1)
    }

    @Test func `a dead letter of a run that succeeded stays`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(continues: true)])
        try client.finish(try client.claim(), "failed")
        // As the versions before left them.
        try client.rows(
            """
            INSERT INTO nofx.dead_letters (id, topic, tenant_id, run_id, step_no, priority, attempts, error, enqueued_at)
            VALUES (nofx.step_job_id(\(run), 0), 'test.echo', \(fixture.team), \(run), 0, 0, 1, 'no', now())
            """
        )
        #expect(try client.rows("SELECT nofx.redrive_jobs(NULL, NULL, 50, NULL)").value(as: Int.self) == 0)
        #expect(try fixture.status(of: run) == "succeeded")
    }

    @Test func `each request to a provider counts as an attempt`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()])
        func fail(_ claim: TestClient.Claim, requests: Int) throws {
            var client = try fixture.client()
            try client.rows(
                """
                SELECT nofx.finish_steps(
                    ARRAY[\(claim.id)], ARRAY[\(claim.fence)], '{retry}', '{NULL}',
                    ARRAY[json_build_object('code', 'ai_upstream_error', 'message', 'm', 'requests', \(requests)::bigint)::text],
                    '{0}', '{}', '{}', '{}', '{}', '{}')
                """
            )
        }
        try fail(try #require(try client.claim().first), requests: 2)
        #expect(try fixture.steps(of: run) == ["queued"])
        let last = try #require(try client.claim().first)
        #expect(last.attempt == 3)
        try fail(last, requests: 0)
        #expect(try fixture.steps(of: run) == ["failed"])
        #expect(try fixture.errors(of: run) == ["ai_upstream_error"])
    }

    @Test func `to retry a step of a thousand reads each of them once`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let chain = (0..<1_000).map { StepSpec(after: $0 == 0 ? [] : [$0 - 1]) }
        let run = try client.start(chain)
        try client.finish(try client.claim(), "failed")
        func reads() throws -> Int {
            try fixture.database.value(
                """
                SELECT coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0) FROM pg_stat_user_tables
                WHERE relid = 'nofx.steps'::regclass
                """
            )
        }
        try client.rows("SELECT pg_stat_force_next_flush()")
        let before = try reads()
        #expect(try client.retry(0, of: run) == "ok")
        try client.rows("SELECT pg_stat_force_next_flush()")
        #expect(try fixture.steps(of: run) == ["queued"] + Array(repeating: "blocked", count: 999))
        #expect(try reads() - before < 40_000)
        #expect(try fixture.faults().isEmpty)
    }

    @Test func `what was given up in a run that was cancelled does not go back`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec(after: [0], continues: true), StepSpec()])
        try client.finish(Array(try client.claim(2).prefix(1)), "failed")
        try client.cancel(run)
        #expect(try client.rows("SELECT nofx.redrive_jobs(NULL, NULL, 50, NULL)").value(as: Int.self) == 0)
        #expect(try fixture.status(of: run) == "cancelling")
    }
}
