import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunCancellationTests {
    // Cases: queue 61, 82
    @Test func `a run that nobody works on is cancelled at once`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([
            Sketch(), Sketch(after: [0]), Sketch(tool: "gate:manual"), Sketch(delay: 60), Sketch(after: [2]),
        ])
        #expect(try hands.cancel(run) == "ok cancelled t")
        #expect(try bench.steps(of: run) == Array(repeating: "cancelled", count: 5))
        #expect(try bench.jobs(of: run) == 0)
        #expect(try hands.decide(2, of: run, "approved") == "conflict cancelled")
        #expect(try bench.events(of: run).last == "run.cancelled")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 62
    @Test func `who works on a step of a run learns that nobody wants it, and nothing comes after`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch(after: [0]), Sketch()])
        let claims = try hands.claim(1)
        #expect(try hands.heartbeat(claims) == [claims[0].id: false])
        #expect(try hands.cancel(run) == "ok cancelling t")
        #expect(try bench.steps(of: run) == ["queued", "cancelled", "cancelled"])
        #expect(try hands.heartbeat(claims) == [claims[0].id: true])
        #expect(try hands.claim().isEmpty)
        #expect(try hands.retry(2, of: run) == "conflict cancelling")
        #expect(try bench.faults().isEmpty)
        #expect(try hands.finish(claims) == claims)
        #expect(try bench.steps(of: run) == ["succeeded", "cancelled", "cancelled"])
        #expect(try bench.status(of: run) == "cancelled")
        #expect(try bench.jobs(of: run) == 0)
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 64
    @Test(arguments: ["retry", "released", "cancelled"])
    func `what would come again does not in a run that is being cancelled`(outcome: String) throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch()])
        let claims = try hands.claim()
        try hands.cancel(run)
        #expect(try hands.finish(claims, outcome, delay: .seconds(60)) == claims)
        #expect(try bench.steps(of: run) == ["cancelled"])
        #expect(try bench.status(of: run) == "cancelled")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 63
    @Test func `a run is cancelled or has succeeded, and what the caller is told is so`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        for _ in 0..<20 {
            let run = try hands.start([Sketch()])
            let claims = try hands.claim()
            let answers = try Crowd.run(of: 2) { number, meet in
                var hands = try bench.hands()
                meet()
                return number == 0 ? "\(try hands.finish(claims).count)" : try hands.cancel(run)
            }
            let status = try bench.status(of: run)
            #expect(answers[0] == "1")
            let fits = ["succeeded": "ok succeeded f", "cancelled": "ok cancelling t"]
            #expect(fits[status] == answers[1])
            #expect(try bench.events(of: run).filter { $0.hasPrefix("run.") }.last == "run.\(status)")
        }
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 65
    @Test func `to cancel again changes nothing`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch()])
        let claims = try hands.claim()
        #expect(try hands.cancel(run) == "ok cancelling t")
        let last = try bench.lastEvent(of: run)
        #expect(try hands.cancel(run) == "ok cancelling f")
        #expect(try bench.events(of: run, since: last).isEmpty)
        try hands.finish(claims)
        #expect(try hands.cancel(run) == "ok cancelled f")
        let done = try hands.start([Sketch()])
        try hands.drain()
        #expect(try hands.cancel(done) == "ok succeeded f")
        #expect(try bench.database.value("SELECT count(*) FROM nofx.team_activity WHERE action = 'run.cancelled'") == 1)
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 66
    @Test func `when a worker dies in a run that is being cancelled, its step is cancelled`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch()])
        _ = try hands.claim(2)
        try hands.cancel(run)
        try bench.expireLeases()
        #expect(try hands.tend() == [0, 0, 0])
        #expect(try bench.steps(of: run) == ["cancelled", "cancelled"])
        #expect(try bench.status(of: run) == "cancelled")
        #expect(try bench.dead().isEmpty)
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 68
    @Test func `a run beyond its deadline is cancelled`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch()], deadline: .seconds(3_600))
        let claims = try hands.claim()
        try hands.tend()
        #expect(try bench.status(of: run) == "running")
        try hands.rows("UPDATE nofx.runs SET deadline_at = now()")
        try hands.tend()
        #expect(try bench.status(of: run) == "cancelling")
        #expect(try hands.heartbeat(claims) == [claims[0].id: true])
        #expect(
            try bench.database.value(
                "SELECT data ->> 'reason' FROM nofx.events WHERE type = 'run.cancel_requested'"
            ) == "deadline"
        )
        let last = try bench.lastEvent(of: run)
        try hands.tend()
        #expect(try bench.events(of: run, since: last).isEmpty)
        try hands.finish(claims, "cancelled")
        #expect(try bench.status(of: run) == "cancelled")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    @Test func `a deleted team's runs are cancelled, unless it is restored before, and not put back to work`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let failed = try hands.start([Sketch(attempts: 1)])
        try hands.finish(try hands.claim(), "failed", error: "no")
        let (free, bound) = (try hands.start([Sketch()]), try hands.start([Sketch()], deadline: .seconds(3_600)))
        try hands.rows("UPDATE nofx.teams SET deleted_at = now(), purge_after = now() + interval '30 days'")
        try hands.rows("UPDATE nofx.teams SET deleted_at = NULL, purge_after = NULL")
        try hands.tend()
        #expect(try bench.status(of: free) == "running")
        #expect(
            try bench.database.value(
                "SELECT deadline_at - created_at = interval '1 hour' FROM nofx.runs WHERE id = \(bound)"
            )
        )
        try hands.rows("UPDATE nofx.teams SET deleted_at = now(), purge_after = now() + interval '30 days'")
        try hands.tend()
        for run in [free, bound] { #expect(try bench.status(of: run) == "cancelled") }
        #expect(try bench.events(of: failed).contains("run.cancelled") == false)
        #expect(
            try bench.database.value(
                "SELECT array_agg(data ->> 'reason') FROM nofx.events WHERE type = 'run.cancel_requested'"
            ) == ["team_deleted", "team_deleted"]
        )
        #expect(try bench.database.value("SELECT nofx.redrive_jobs(NULL, NULL, 10, NULL)", as: Int.self) == 0)
        #expect(try bench.faults(ended: true).isEmpty)
    }

    @Test func `overdue runs are cancelled so many steps at a time, however large they are`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        for _ in 0..<8 { _ = try hands.start(Sketch.chain(1_000)) }
        try hands.rows("UPDATE nofx.runs SET deadline_at = now()")
        try hands.tend()
        let ended = "SELECT count(*) FROM nofx.runs WHERE ended_at IS NOT NULL" as Query
        #expect(try bench.database.value(ended, as: Int.self) == 5)
        try hands.tend()
        #expect(try bench.database.value(ended, as: Int.self) == 8)
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 22
    @Test func `heartbeats, sweeps and cancellations of the same runs do not block each other`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        for _ in 0..<5 {
            let runs = try (0..<6).map { _ in
                try hands.start(Array(repeating: Sketch(), count: 4), deadline: .seconds(60))
            }
            let claims = try hands.claim(24)
            #expect(claims.count == 24)
            try hands.rows("UPDATE nofx.queue SET lease_until = now() WHERE step_no = 1")
            try hands.rows("UPDATE nofx.runs SET deadline_at = now() WHERE id = ANY (\(Array(runs.prefix(3))))")
            _ = try Crowd.run(of: 6) { number, meet in
                var hands = try bench.hands()
                meet()
                for _ in 0..<5 {
                    switch number {
                    case 0, 1: try hands.tend()
                    case 2: try hands.cancel(runs[3 + Int.random(in: 0..<3)])
                    default: _ = try hands.heartbeat(claims.shuffled())
                    }
                }
            }
            try hands.finish(claims.shuffled(), "cancelled")
            try hands.tend()
            try hands.drain()
        }
        #expect(try bench.faults(ended: true).isEmpty)
    }
}
