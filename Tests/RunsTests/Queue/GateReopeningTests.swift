import Base
import Postgres
import TestSupport
import Testing

/// A decision on a gate is about the results before it: where one is made anew, the gate is asked again.
@Suite struct GateReopeningTests {
    /// A step that may fail, a gate, and a step after it.
    private static let plan = [
        StepSpec(continues: true), StepSpec(after: [0], tool: "gate:manual"), StepSpec(after: [1]),
    ]

    /// A run whose first step has failed and whose gate is decided; the last event.
    private func decided(_ decision: String) throws -> (RunFixture, UUID, Int) {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start(Self.plan)
        try client.finish(try client.claim(), "failed", error: "http_unreachable")
        #expect(try client.decide(1, of: run, decision) == "ok \(decision)")
        return (fixture, run, try fixture.lastEvent(of: run))
    }

    @Test(arguments: ["approved", "waived"])
    func `a step that failed after the gate is not repeated before a new decision`(decision: String) throws {
        let (fixture, run, _) = try decided(decision)
        var client = try fixture.client()
        try client.finish(try client.claim(), "failed", error: "no")
        let last = try fixture.lastEvent(of: run)
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.steps(of: run) == ["queued", "blocked", "failed"])
        #expect(
            try fixture.events(of: run, since: last)
                == ["run.resumed", "step.retried s0", "gate.reopened s1", "step.queued s0"]
        )
        #expect(try client.retry(2, of: run) == "conflict dependencies")
        #expect(try client.decide(1, of: run, "approved") == "no_gate")
        #expect(try fixture.faults().isEmpty)
        try client.finish(try client.claim())
        #expect(try fixture.steps(of: run) == ["succeeded", "waiting", "failed"])
        #expect(try client.retry(2, of: run) == "conflict dependencies")
        #expect(try client.rows("SELECT nofx.redrive_jobs(NULL, NULL, 50, NULL)").value(as: Int.self) == 0)
        #expect(try client.decide(1, of: run, "approved") == "ok approved")
        #expect(try client.retry(2, of: run) == "ok")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test(arguments: [false, true])
    func `a step that has not ended waits for the new decision, and its worker loses it`(isClaimed: Bool) throws {
        let (fixture, run, last) = try decided("approved")
        var client = try fixture.client()
        let claims = isClaimed ? try client.claim() : []
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.steps(of: run) == ["queued", "blocked", "blocked"])
        #expect(
            try fixture.events(of: run, since: last)
                == (isClaimed ? ["step.started s2"] : [])
                + ["step.retried s0", "gate.reopened s1", "step.reopened s2", "step.queued s0"]
        )
        #expect(try client.heartbeat(claims).isEmpty)
        #expect(try client.finish(claims).isEmpty)
        #expect(try fixture.faults().isEmpty)
        try client.drain()
        #expect(try fixture.steps(of: run) == ["succeeded", "waiting", "blocked"])
        #expect(try client.decide(1, of: run, "rejected") == "ok rejected")
        #expect(try fixture.steps(of: run) == ["succeeded", "failed", "skipped"])
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a step that succeeded after the gate stays, and the run waits for the gate`() throws {
        let (fixture, run, _) = try decided("approved")
        var client = try fixture.client()
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try client.retry(0, of: run) == "ok")
        try client.drain()
        #expect(try fixture.steps(of: run) == ["succeeded", "waiting", "succeeded"])
        #expect(try fixture.status(of: run) == "waiting")
        #expect(try client.decide(1, of: run, "approved") == "ok approved")
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a gate that waits or was rejected is asked again as well`() throws {
        for decision in [nil, "rejected"] {
            let fixture = try RunFixture()
            var client = try fixture.client()
            let run = try client.start(Self.plan)
            try client.finish(try client.claim(), "failed", error: "no")
            if let decision { try client.decide(1, of: run, decision) }
            #expect(try client.retry(0, of: run) == "ok")
            #expect(try fixture.steps(of: run) == ["queued", "blocked", "blocked"])
            #expect(try fixture.events(of: run).contains("gate.reopened s1"))
            #expect(try client.decide(1, of: run, "approved") == "no_gate")
            try client.drain()
            #expect(try client.decide(1, of: run, "approved") == "ok approved")
            try client.drain()
            #expect(try fixture.status(of: run) == "succeeded")
            #expect(try fixture.faults(ended: true).isEmpty)
        }
    }

    @Test func `gates behind steps that have ended are asked again, in their order`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(continues: true), StepSpec(after: [0]), StepSpec(after: [1], tool: "gate:manual"),
            StepSpec(after: [2]), StepSpec(after: [3], tool: "manual:review"), StepSpec(after: [4], attempts: 1),
        ])
        try client.finish(try client.claim(), "failed", error: "no")
        try client.drain()
        try client.decide(2, of: run, "approved")
        try client.drain()
        try client.decide(4, of: run, "waived")
        try client.finish(try client.claim(), "failed", error: "no")
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.steps(of: run) == ["queued", "succeeded", "blocked", "succeeded", "blocked", "failed"])
        #expect(try fixture.faults().isEmpty)
        #expect(try client.retry(5, of: run) == "conflict dependencies")
        try client.drain()
        #expect(try fixture.steps(of: run) == ["succeeded", "succeeded", "waiting", "succeeded", "blocked", "failed"])
        try client.decide(2, of: run, "approved")
        #expect(
            try fixture.steps(of: run) == ["succeeded", "succeeded", "succeeded", "succeeded", "waiting", "failed"]
        )
        #expect(try client.retry(5, of: run) == "conflict dependencies")
        try client.decide(4, of: run, "approved")
        #expect(try client.retry(5, of: run) == "ok")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a step that waits for others too waits for the gate, though the step between has succeeded`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(continues: true), StepSpec(after: [0], tool: "gate:manual"), StepSpec(after: [1]),
            StepSpec(priority: 1), StepSpec(after: [2, 3]),
        ])
        let claims = try client.claim(2)
        try client.finish([claims[0]], "failed", error: "no")
        try client.decide(1, of: run, "approved")
        try client.finish(try client.claim())
        #expect(try fixture.steps(of: run) == ["failed", "succeeded", "succeeded", "queued", "blocked"])
        #expect(try client.retry(0, of: run) == "ok")
        try client.finish([claims[1]])
        try client.drain()
        #expect(try fixture.steps(of: run) == ["succeeded", "waiting", "succeeded", "succeeded", "blocked"])
        #expect(try fixture.faults().isEmpty)
        try client.decide(1, of: run, "approved")
        #expect(try fixture.steps(of: run).last == "queued")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a redrive leaves a tolerated failure and the decision below it alone`() throws {
        let (fixture, run, last) = try decided("approved")
        var client = try fixture.client()
        #expect(try client.rows("SELECT nofx.redrive_jobs('test.echo', NULL, 50, NULL)").value(as: Int.self) == 0)
        #expect(try fixture.events(of: run, since: last).isEmpty)
        #expect(try fixture.faults().isEmpty)
    }

    @Test func `a gate that is asked again reopens the gates below it`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(tool: "gate:manual", continues: true), StepSpec(after: [0], tool: "gate:manual"),
            StepSpec(after: [1]),
        ])
        try client.decide(0, of: run, "rejected")
        try client.decide(1, of: run, "approved")
        #expect(try client.retry(0, of: run) == "ok")
        #expect(try fixture.steps(of: run) == ["waiting", "blocked", "blocked"])
        #expect(try fixture.faults().isEmpty)
        try client.decide(0, of: run, "approved")
        try client.decide(1, of: run, "approved")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }
}
