import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunRetryTests {
    // Cases: queue 43, 49
    @Test func `a step that fails for a while is tried again, and the run goes on meanwhile`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch(after: [0])])
        for attempt in 1...2 {
            let claims = try hands.claim()
            #expect(claims.map(\.attempt) == [attempt])
            try hands.finish(claims, "retry", error: "ai_overloaded", delay: .seconds(3_600))
            #expect(try bench.steps(of: run) == ["queued", "blocked"])
            #expect(try bench.status(of: run) == "running")
            #expect(try hands.claim().isEmpty)
            #expect(
                try bench.database.value(
                    "SELECT run_at > now() + interval '50 min' AND run_at <= now() + interval '1 hour' FROM nofx.queue"
                )
            )
            try bench.endDelays()
            try hands.tend()
        }
        try hands.drain()
        #expect(try bench.status(of: run) == "succeeded")
        #expect(try bench.database.value("SELECT attempt FROM nofx.steps WHERE no = 0", as: Int.self) == 3)
        #expect(try bench.events(of: run).filter { $0 == "step.retrying s0" }.count == 2)
        #expect(try bench.faults(ended: true).isEmpty)
    }

    @Test(arguments: [("ai_overloaded", "failed"), ("timed_out", "timed_out")])
    func `after its last attempt it is given up`(code: String, status: String) throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(attempts: 2)])
        for _ in 0..<2 { try hands.finish(try hands.claim(), "retry", error: code) }
        #expect(try bench.steps(of: run) == [status])
        #expect(try bench.errors(of: run) == [code])
        #expect(try bench.status(of: run) == "failed")
        #expect(try bench.dead() == ["s0 \(code)"])
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 50
    @Test func `what would fail again fails at once`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(attempts: 9)])
        try hands.finish(try hands.claim(), "failed", error: "policy_denied")
        #expect(try bench.steps(of: run) == ["failed"])
        #expect(try bench.database.value("SELECT attempt FROM nofx.steps", as: Int.self) == 1)
    }

    // Cases: queue 52, 57
    @Test func `a step that failed is tried again by hand, with what was skipped for it`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([
            Sketch(), Sketch(after: [0]), Sketch(after: [1], tool: "gate:manual"), Sketch(after: [2]),
        ])
        let late = try hands.claim()
        try hands.finish(late, "failed", error: "no")
        let before = try bench.lastEvent(of: run)
        #expect(try hands.retry(0, of: run) == "ok")
        #expect(try bench.steps(of: run) == ["queued", "blocked", "blocked", "blocked"])
        #expect(
            try bench.events(of: run, since: before) == [
                "run.resumed", "step.retried s0", "step.reopened s1", "step.reopened s2", "step.reopened s3",
                "step.queued s0",
            ]
        )
        #expect(
            try bench.database.value(
                "SELECT data ->> 'by' FROM nofx.events WHERE type = 'step.retried'"
            ) == bench.owner.description
        )
        #expect(try bench.dead().isEmpty)
        #expect(try bench.faults().isEmpty)
        // What the attempt before says counts no more.
        #expect(try hands.finish(late).isEmpty)
        let claims = try hands.claim()
        #expect(claims.map(\.attempt) == [1])
        #expect(try hands.finish(late).isEmpty)
        try hands.finish(claims)
        try hands.drain()
        #expect(try bench.status(of: run) == "waiting")
        #expect(try hands.decide(2, of: run, "approved") == "ok approved")
        try hands.drain()
        #expect(try bench.status(of: run) == "succeeded")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 53
    @Test func `of two who retry a step at once one is told that it is queued`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        for _ in 0..<5 {
            let run = try hands.start([Sketch()])
            try hands.finish(try hands.claim(), "failed")
            let outcomes = try Crowd.run(of: 2) { _, meet in
                var hands = try bench.hands()
                meet()
                return try hands.retry(0, of: run)
            }
            #expect(outcomes.sorted() == ["conflict queued", "ok"])
            try hands.drain()
        }
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 54, 56
    @Test func `what has not failed is not tried again`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch(after: [0])])
        #expect(try hands.retry(0, of: run) == "conflict queued")
        #expect(try hands.retry(1, of: run) == "conflict blocked")
        let claims = try hands.claim()
        #expect(try hands.retry(0, of: run) == "conflict queued")
        try hands.finish(claims)
        #expect(try hands.retry(0, of: run) == "conflict succeeded")
        #expect(try hands.retry(7, of: run) == "no_step")
        let other = try RunBench(in: bench.database)
        var others = try other.hands()
        #expect(try others.retry(0, of: run) == "no_run")
        #expect(try bench.faults().isEmpty)
    }

    // Cases: queue 55
    @Test func `while another dependency stays failed what depends on it stays skipped`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch(), Sketch(after: [0, 1]), Sketch(after: [0]), Sketch(after: [2])])
        try hands.finish(try hands.claim(2), "failed")
        #expect(try hands.retry(0, of: run) == "ok")
        #expect(try bench.steps(of: run) == ["queued", "failed", "skipped", "blocked", "skipped"])
        try hands.drain()
        #expect(try bench.status(of: run) == "failed")
        #expect(try hands.retry(2, of: run) == "conflict skipped")
        #expect(try hands.retry(1, of: run) == "ok")
        try hands.drain()
        #expect(try bench.status(of: run) == "succeeded")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 55
    @Test func `a dependency that is tried again is waited for by what has not begun`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(continues: true), Sketch(), Sketch(after: [0, 1])])
        let claims = try hands.claim(2)
        try hands.finish([claims[0]], "failed")
        #expect(try hands.retry(0, of: run) == "ok")
        #expect(try bench.faults().isEmpty)
        try hands.finish(try hands.claim())
        #expect(try bench.steps(of: run) == ["succeeded", "queued", "blocked"])
        try hands.finish([claims[1]])
        try hands.drain()
        #expect(try bench.status(of: run) == "succeeded")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 55
    @Test func `what was cancelled after a step that may fail is not reopened for ever`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(continues: true), Sketch(after: [0]), Sketch(after: [1])])
        try hands.finish(try hands.claim(), "failed")
        try hands.finish(try hands.claim())
        try hands.cancel(run)
        #expect(try bench.steps(of: run) == ["failed", "succeeded", "cancelled"])
        #expect(try hands.retry(0, of: run) == "ok")
        #expect(try bench.faults().isEmpty)
        try hands.drain()
        #expect(try bench.status(of: run) == "cancelled")
        #expect(try hands.retry(2, of: run) == "ok")
        try hands.drain()
        #expect(try bench.status(of: run) == "succeeded")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    @Test func `a retry leaves the deadline of a run that goes on`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch()], deadline: .seconds(3_600))
        let claims = try hands.claim(2)
        try hands.finish([claims[0]], "failed")
        #expect(try hands.retry(0, of: run) == "ok")
        #expect(try bench.database.value("SELECT deadline_at IS NOT NULL FROM nofx.runs"))
        try hands.finish([claims[1]])
        try hands.finish(try hands.claim(), "failed")
        #expect(try hands.retry(0, of: run) == "ok")
        #expect(try bench.database.value("SELECT deadline_at IS NULL FROM nofx.runs"))
    }

    // Cases: queue 59, 60
    @Test func `the oldest of those that were given up go back first, and who fails again is there again`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start(Array(repeating: Sketch(), count: 120))
        for claim in try hands.claim(120) { try hands.finish([claim], "failed", error: "e\(claim.step)") }
        func redrive() throws -> Int {
            var hands = try bench.hands()
            return try hands.rows("SELECT nofx.redrive_jobs('test.echo', NULL, 50, '{\"by\":\"x\"}')").value()
        }
        #expect(try redrive() == 50)
        #expect(try bench.dead() == (50..<120).map { "s\($0) e\($0)" })
        #expect(try bench.status(of: run) == "running")
        #expect(try redrive() == 50)
        let claims = try hands.claim(200)
        #expect(claims.map(\.step) == Array(0..<100))
        try hands.finish(claims, "failed", error: "again")
        #expect(try bench.dead().filter { $0.hasSuffix("again") }.count == 100)
        #expect(try bench.events(of: run).filter { $0.hasPrefix("step.retried") }.count == 100)
        #expect(try bench.faults(ended: true).isEmpty)
    }

    @Test func `what was given up in a run that was cancelled does not go back`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(), Sketch(after: [0], continues: true), Sketch()])
        try hands.finish(Array(try hands.claim(2).prefix(1)), "failed")
        try hands.cancel(run)
        #expect(try hands.rows("SELECT nofx.redrive_jobs(NULL, NULL, 50, NULL)").value(as: Int.self) == 0)
        #expect(try bench.status(of: run) == "cancelling")
    }
}
