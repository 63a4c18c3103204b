import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunGateTests {
    private static let plan = [Sketch(), Sketch(after: [0], tool: "gate:manual"), Sketch(after: [1])]

    /// A run that waits at its gate.
    private func waiting(_ inputs: String = "{}") throws -> (RunBench, UUID) {
        let bench = try RunBench()
        var hands = try bench.hands()
        var plan = Self.plan
        plan[1].inputs = inputs
        let run = try hands.start(plan)
        try hands.drain()
        return (bench, run)
    }

    // Cases: queue 74
    @Test func `a gate waits without a job, and what depends on it for ever`() throws {
        let (bench, run) = try waiting()
        var hands = try bench.hands()
        #expect(try bench.steps(of: run) == ["succeeded", "waiting", "blocked"])
        #expect(try bench.status(of: run) == "waiting")
        #expect(try bench.jobs(of: run) == 0)
        try hands.tend()
        #expect(try hands.claim(9).isEmpty)
        #expect(try bench.database.value("SELECT status FROM nofx.gates") == "pending")
        #expect(try bench.events(of: run).last == "gate.created s1")
        #expect(try bench.faults().isEmpty)
    }

    // Cases: queue 75
    @Test(arguments: ["approved", "waived"])
    func `who lets it pass has what depends on it done`(decision: String) throws {
        let (bench, run) = try waiting()
        var hands = try bench.hands()
        let last = try bench.lastEvent(of: run)
        #expect(try hands.decide(1, of: run, decision) == "ok \(decision)")
        #expect(try bench.steps(of: run) == ["succeeded", "succeeded", "queued"])
        #expect(
            try bench.events(of: run, since: last) == ["gate.\(decision) s1", "step.succeeded s1", "step.queued s2"]
        )
        #expect(try bench.status(of: run) == "running")
        #expect(
            try bench.database.value("SELECT outputs ->> 'by' FROM nofx.steps WHERE no = 1") == bench.owner.description
        )
        try hands.drain()
        #expect(try bench.status(of: run) == "succeeded")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 79
    @Test func `who rejects it ends what depends on it, and may have it asked again`() throws {
        let (bench, run) = try waiting()
        var hands = try bench.hands()
        #expect(try hands.decide(1, of: run, "rejected") == "ok rejected")
        #expect(try bench.steps(of: run) == ["succeeded", "failed", "skipped"])
        #expect(try bench.errors(of: run) == ["", "gate_rejected", "upstream_failed"])
        #expect(try bench.status(of: run) == "failed")
        // Nobody's work failed.
        #expect(try bench.dead().isEmpty)
        #expect(try hands.decide(1, of: run, "approved") == "conflict rejected")
        #expect(try bench.faults(ended: true).isEmpty)
        #expect(try hands.retry(1, of: run) == "ok")
        #expect(try bench.steps(of: run) == ["succeeded", "waiting", "blocked"])
        #expect(try bench.faults().isEmpty)
        #expect(try hands.decide(1, of: run, "approved") == "ok approved")
        try hands.drain()
        #expect(try bench.status(of: run) == "succeeded")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 78
    @Test func `of two who approve at once one is told that it was done already`() throws {
        for decisions in [["approved", "approved"], ["approved", "rejected"]] {
            let (bench, run) = try waiting()
            let outcomes = try Crowd.run(of: 2) { number, meet in
                var hands = try bench.hands()
                meet()
                return try hands.decide(1, of: run, decisions[number])
            }
            let winner = try #require(outcomes.firstIndex { $0.hasPrefix("ok") })
            let word = decisions[0] == decisions[1] ? "already" : "conflict"
            #expect(outcomes[winner] == "ok \(decisions[winner])")
            #expect(outcomes[1 - winner] == "\(word) \(decisions[winner])")
            #expect(try bench.events(of: run).filter { $0.hasPrefix("gate.") }.count == 2)
            #expect(try bench.faults().isEmpty)
        }
    }

    // Cases: queue 77, 80
    @Test func `what may not be waived is not, and where four eyes are wanted nobody lets his own run pass`() throws {
        let (bench, run) = try waiting(#"{"allowWaive":false}"#)
        var hands = try bench.hands()
        #expect(try hands.decide(1, of: run, "waived") == "no_waiver pending")
        #expect(try hands.decide(1, of: run, "approved") == "ok approved")
        let (other, second) = try waiting(#"{"fourEyes":true}"#)
        var others = try other.hands()
        #expect(try others.decide(1, of: second, "approved") == "own_run pending")
        #expect(try other.steps(of: second) == ["succeeded", "waiting", "blocked"])
    }

    // Cases: queue 81
    @Test func `a gate that nobody decides in time is expired, and its step has failed`() throws {
        let (bench, run) = try waiting(#"{"expiresInSeconds":3600}"#)
        var hands = try bench.hands()
        try hands.tend()
        #expect(try bench.status(of: run) == "waiting")
        try hands.rows("UPDATE nofx.gates SET expires_at = now()")
        // Too late is too late, also before anybody noticed.
        #expect(try hands.decide(1, of: run, "approved") == "conflict expired")
        try hands.tend()
        #expect(try bench.steps(of: run) == ["succeeded", "failed", "skipped"])
        #expect(try bench.errors(of: run) == ["", "gate_expired", "upstream_failed"])
        #expect(try bench.database.value("SELECT status FROM nofx.gates") == "expired")
        let last = try bench.lastEvent(of: run)
        try hands.tend()
        #expect(try bench.events(of: run, since: last).isEmpty)
        #expect(try bench.faults(ended: true).isEmpty)
    }
}
