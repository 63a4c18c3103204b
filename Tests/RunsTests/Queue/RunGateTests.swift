import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunGateTests {
    private static let plan = [StepSpec(), StepSpec(after: [0], tool: "gate:manual"), StepSpec(after: [1])]

    /// A run that waits at its gate.
    private func waiting(_ inputs: String = "{}") throws -> (RunFixture, UUID) {
        let fixture = try RunFixture()
        var client = try fixture.client()
        var plan = Self.plan
        plan[1].inputs = inputs
        let run = try client.start(plan)
        try client.drain()
        return (fixture, run)
    }

    // Cases: queue 74
    @Test func `a waiting gate has no job, and its dependents stay blocked`() throws {
        let (fixture, run) = try waiting()
        var client = try fixture.client()
        #expect(try fixture.steps(of: run) == ["succeeded", "waiting", "blocked"])
        #expect(try fixture.status(of: run) == "waiting")
        #expect(try fixture.jobs(of: run) == 0)
        try client.maintain()
        #expect(try client.claim(9).isEmpty)
        #expect(try fixture.database.value("SELECT status FROM nofx.gates") == "pending")
        #expect(try fixture.events(of: run).last == "gate.created s1")
        #expect(try fixture.faults().isEmpty)
    }

    // Cases: queue 75
    @Test(arguments: ["approved", "waived"])
    func `an approved or waived gate queues its dependents`(decision: String) throws {
        let (fixture, run) = try waiting()
        var client = try fixture.client()
        let last = try fixture.lastEvent(of: run)
        #expect(try client.decide(1, of: run, decision) == "ok \(decision)")
        #expect(try fixture.steps(of: run) == ["succeeded", "succeeded", "queued"])
        #expect(
            try fixture.events(of: run, since: last) == ["gate.\(decision) s1", "step.succeeded s1", "step.queued s2"]
        )
        #expect(try fixture.status(of: run) == "running")
        #expect(
            try fixture.database.value("SELECT outputs ->> 'by' FROM nofx.steps WHERE no = 1")
                == fixture.owner.description
        )
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 79
    @Test func `a rejected gate skips its dependents, and can be retried`() throws {
        let (fixture, run) = try waiting()
        var client = try fixture.client()
        #expect(try client.decide(1, of: run, "rejected") == "ok rejected")
        #expect(try fixture.steps(of: run) == ["succeeded", "failed", "skipped"])
        #expect(try fixture.errors(of: run) == ["", "gate_rejected", "upstream_failed"])
        #expect(try fixture.status(of: run) == "failed")
        // No step's work failed.
        #expect(try fixture.deadLetters().isEmpty)
        #expect(try client.decide(1, of: run, "approved") == "conflict rejected")
        #expect(try fixture.faults(ended: true).isEmpty)
        #expect(try client.retry(1, of: run) == "ok")
        #expect(try fixture.steps(of: run) == ["succeeded", "waiting", "blocked"])
        #expect(try fixture.faults().isEmpty)
        #expect(try client.decide(1, of: run, "approved") == "ok approved")
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a rejection is final although the plan continues, and an expiry is not`() throws {
        for (decision, steps, status) in [
            ("rejected", ["succeeded", "failed", "skipped", "skipped"], "failed"),
            ("expired", ["succeeded", "failed", "queued", "blocked"], "running"),
        ] {
            let fixture = try RunFixture()
            var client = try fixture.client()
            let run = try client.start([
                StepSpec(),
                StepSpec(
                    after: [0],
                    tool: "gate:manual",
                    inputs: #"{"expiresInSeconds":3600}"#,
                    continues: true
                ),
                StepSpec(after: [1]), StepSpec(after: [2], continues: true),
            ])
            try client.drain()
            if decision == "rejected" {
                #expect(try client.decide(1, of: run, "rejected") == "ok rejected")
            } else {
                try client.rows("UPDATE nofx.gates SET expires_at = now()")
                try client.maintain()
            }
            #expect(try fixture.steps(of: run) == steps)
            #expect(try fixture.status(of: run) == status)
            #expect(try fixture.faults().isEmpty)
            try client.drain()
            #expect(try fixture.status(of: run) == (decision == "rejected" ? "failed" : "succeeded"))
            #expect(try fixture.faults(ended: true).isEmpty)
            guard decision == "rejected" else { continue }
            // What is behind the gate cannot be run without it.
            #expect(try client.retry(2, of: run) == "conflict skipped")
            #expect(try client.retry(1, of: run) == "ok")
            #expect(try fixture.steps(of: run) == ["succeeded", "waiting", "blocked", "blocked"])
            #expect(try client.decide(1, of: run, "approved") == "ok approved")
            try client.drain()
            #expect(try fixture.status(of: run) == "succeeded")
            #expect(try fixture.faults(ended: true).isEmpty)
        }
    }

    @Test func `a step that fails with the code of a rejection is no rejected gate`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(continues: true), StepSpec(after: [0])])
        try client.finish(try client.claim(), "failed", error: "gate_rejected")
        #expect(try fixture.steps(of: run) == ["failed", "queued"])
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(
            try fixture.database.value("SELECT steps_failed || ' ' || steps_tolerated FROM nofx.runs") == "0 1"
        )
    }

    // Cases: queue 78
    @Test func `of two concurrent decisions one counts, and the other gets the status`() throws {
        for decisions in [["approved", "approved"], ["approved", "rejected"]] {
            let (fixture, run) = try waiting()
            let outcomes = try runConcurrently(2) { number, barrier in
                var client = try fixture.client()
                barrier()
                return try client.decide(1, of: run, decisions[number])
            }
            let winner = try #require(outcomes.firstIndex { $0.hasPrefix("ok") })
            let word = decisions[0] == decisions[1] ? "already" : "conflict"
            #expect(outcomes[winner] == "ok \(decisions[winner])")
            #expect(outcomes[1 - winner] == "\(word) \(decisions[winner])")
            #expect(try fixture.events(of: run).filter { $0.hasPrefix("gate.") }.count == 2)
            #expect(try fixture.faults().isEmpty)
        }
    }

    // Cases: queue 77, 80
    @Test func `a gate enforces its rules on waivers and on own runs`() throws {
        let (fixture, run) = try waiting(#"{"allowWaive":false}"#)
        var client = try fixture.client()
        #expect(try client.decide(1, of: run, "waived") == "no_waiver pending")
        #expect(try client.decide(1, of: run, "approved") == "ok approved")
        let (other, second) = try waiting(#"{"fourEyes":true}"#)
        var others = try other.client()
        #expect(try others.decide(1, of: second, "approved") == "own_run pending")
        #expect(try other.steps(of: second) == ["succeeded", "waiting", "blocked"])
    }

    // Cases: queue 81
    @Test func `an undecided gate expires, and its step fails`() throws {
        let (fixture, run) = try waiting(#"{"expiresInSeconds":3600}"#)
        var client = try fixture.client()
        try client.maintain()
        #expect(try fixture.status(of: run) == "waiting")
        try client.rows("UPDATE nofx.gates SET expires_at = now()")
        // A decision after the expiry is rejected, even before the maintenance.
        #expect(try client.decide(1, of: run, "approved") == "conflict expired")
        try client.maintain()
        #expect(try fixture.steps(of: run) == ["succeeded", "failed", "skipped"])
        #expect(try fixture.errors(of: run) == ["", "gate_expired", "upstream_failed"])
        #expect(try fixture.database.value("SELECT status FROM nofx.gates") == "expired")
        let last = try fixture.lastEvent(of: run)
        try client.maintain()
        #expect(try fixture.events(of: run, since: last).isEmpty)
        #expect(try fixture.faults(ended: true).isEmpty)
    }
}
