import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunCancellationTests {
    // Cases: queue 61, 82
    @Test func `a run without running steps is cancelled at once`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(), StepSpec(after: [0]), StepSpec(tool: "gate:manual"), StepSpec(delay: 60), StepSpec(after: [2]),
        ])
        #expect(try client.cancel(run) == "ok cancelled t")
        #expect(try fixture.steps(of: run) == Array(repeating: "cancelled", count: 5))
        #expect(try fixture.jobs(of: run) == 0)
        #expect(try client.decide(2, of: run, "approved") == "conflict cancelled")
        #expect(try fixture.events(of: run).last == "run.cancelled")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 62
    @Test func `a worker learns of the cancellation of its step's run, and no step follows`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec(after: [0]), StepSpec()])
        let claims = try client.claim(1)
        #expect(try client.heartbeat(claims) == [claims[0].id: false])
        #expect(try client.cancel(run) == "ok cancelling t")
        #expect(try fixture.steps(of: run) == ["queued", "cancelled", "cancelled"])
        #expect(try client.heartbeat(claims) == [claims[0].id: true])
        #expect(try client.claim().isEmpty)
        #expect(try client.retry(2, of: run) == "conflict cancelling")
        #expect(try fixture.faults().isEmpty)
        #expect(try client.finish(claims) == claims)
        #expect(try fixture.steps(of: run) == ["succeeded", "cancelled", "cancelled"])
        #expect(try fixture.status(of: run) == "cancelled")
        #expect(try fixture.jobs(of: run) == 0)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 64
    @Test(arguments: ["retry", "released", "cancelled"])
    func `a step that would be retried is not retried in a run that is being cancelled`(outcome: String) throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()])
        let claims = try client.claim()
        try client.cancel(run)
        #expect(try client.finish(claims, outcome, delay: .seconds(60)) == claims)
        #expect(try fixture.steps(of: run) == ["cancelled"])
        #expect(try fixture.status(of: run) == "cancelled")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 63
    @Test func `a run is cancelled or succeeds, and the caller's answer is consistent`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<20 {
            let run = try client.start([StepSpec()])
            let claims = try client.claim()
            let answers = try runConcurrently(2) { number, barrier in
                var client = try fixture.client()
                barrier()
                return number == 0 ? "\(try client.finish(claims).count)" : try client.cancel(run)
            }
            let status = try fixture.status(of: run)
            #expect(answers[0] == "1")
            let fits = ["succeeded": "ok succeeded f", "cancelled": "ok cancelling t"]
            #expect(fits[status] == answers[1])
            #expect(try fixture.events(of: run).filter { $0.hasPrefix("run.") }.last == "run.\(status)")
        }
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 65
    @Test func `a second cancellation changes nothing`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec()])
        let claims = try client.claim()
        #expect(try client.cancel(run) == "ok cancelling t")
        let last = try fixture.lastEvent(of: run)
        #expect(try client.cancel(run) == "ok cancelling f")
        #expect(try fixture.events(of: run, since: last).isEmpty)
        try client.finish(claims)
        #expect(try client.cancel(run) == "ok cancelled f")
        let done = try client.start([StepSpec()])
        try client.drain()
        #expect(try client.cancel(done) == "ok succeeded f")
        #expect(
            try fixture.database.value("SELECT count(*) FROM nofx.team_activity WHERE action = 'run.cancelled'") == 1
        )
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 66
    @Test func `a step of a dead worker in a run that is being cancelled is cancelled`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec()])
        _ = try client.claim(2)
        try client.cancel(run)
        try fixture.expireLeases()
        #expect(try client.maintain() == [0, 0, 0])
        #expect(try fixture.steps(of: run) == ["cancelled", "cancelled"])
        #expect(try fixture.status(of: run) == "cancelled")
        #expect(try fixture.deadLetters().isEmpty)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 68
    @Test func `a run past its deadline is cancelled`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec()], deadline: .seconds(3_600))
        let claims = try client.claim()
        try client.maintain()
        #expect(try fixture.status(of: run) == "running")
        try client.rows("UPDATE nofx.runs SET deadline_at = now()")
        try client.maintain()
        #expect(try fixture.status(of: run) == "cancelling")
        #expect(try client.heartbeat(claims) == [claims[0].id: true])
        #expect(
            try fixture.database.value(
                "SELECT data ->> 'reason' FROM nofx.events WHERE type = 'run.cancel_requested'"
            ) == "deadline"
        )
        let last = try fixture.lastEvent(of: run)
        try client.maintain()
        #expect(try fixture.events(of: run, since: last).isEmpty)
        try client.finish(claims, "cancelled")
        #expect(try fixture.status(of: run) == "cancelled")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a deleted team's runs are cancelled unless it is restored first, and are not redriven`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let failed = try client.start([StepSpec(attempts: 1)])
        try client.finish(try client.claim(), "failed", error: "no")
        let (free, bound) = (try client.start([StepSpec()]), try client.start([StepSpec()], deadline: .seconds(3_600)))
        try client.rows("UPDATE nofx.teams SET deleted_at = now(), purge_after = now() + interval '30 days'")
        try client.rows("UPDATE nofx.teams SET deleted_at = NULL, purge_after = NULL")
        try client.maintain()
        #expect(try fixture.status(of: free) == "running")
        #expect(
            try fixture.database.value(
                "SELECT deadline_at - created_at = interval '1 hour' FROM nofx.runs WHERE id = \(bound)"
            )
        )
        try client.rows("UPDATE nofx.teams SET deleted_at = now(), purge_after = now() + interval '30 days'")
        try client.maintain()
        for run in [free, bound] { #expect(try fixture.status(of: run) == "cancelled") }
        #expect(try fixture.events(of: failed).contains("run.cancelled") == false)
        #expect(
            try fixture.database.value(
                "SELECT array_agg(data ->> 'reason') FROM nofx.events WHERE type = 'run.cancel_requested'"
            ) == ["team_deleted", "team_deleted"]
        )
        #expect(try fixture.database.value("SELECT nofx.redrive_jobs(NULL, NULL, 10, NULL)", as: Int.self) == 0)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `overdue runs are cancelled in batches of steps`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<8 { _ = try client.start(StepSpec.chain(1_000)) }
        try client.rows("UPDATE nofx.runs SET deadline_at = now()")
        try client.maintain()
        let ended = "SELECT count(*) FROM nofx.runs WHERE ended_at IS NOT NULL" as Query
        #expect(try fixture.database.value(ended, as: Int.self) == 5)
        try client.maintain()
        #expect(try fixture.database.value(ended, as: Int.self) == 8)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 22
    @Test func `concurrent heartbeats, maintenance and cancellations of the same runs do not deadlock`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<5 {
            let runs = try (0..<6).map { _ in
                try client.start(Array(repeating: StepSpec(), count: 4), deadline: .seconds(60))
            }
            let claims = try client.claim(24)
            #expect(claims.count == 24)
            try client.rows("UPDATE nofx.queue SET lease_until = now() WHERE step_no = 1")
            try client.rows("UPDATE nofx.runs SET deadline_at = now() WHERE id = ANY (\(Array(runs.prefix(3))))")
            _ = try runConcurrently(6) { number, barrier in
                var client = try fixture.client()
                barrier()
                for _ in 0..<5 {
                    switch number {
                    case 0, 1: try client.maintain()
                    case 2: try client.cancel(runs[3 + Int.random(in: 0..<3)])
                    default: _ = try client.heartbeat(claims.shuffled())
                    }
                }
            }
            try client.finish(claims.shuffled(), "cancelled")
            try client.maintain()
            try client.drain()
        }
        #expect(try fixture.faults(ended: true).isEmpty)
    }
}
