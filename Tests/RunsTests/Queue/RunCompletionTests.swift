import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunCompletionTests {
    // Cases: queue 34
    @Test func `a result that is reported twice counts once, even in one batch`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec()])
        let claims = try client.claim(2)
        #expect(try client.finish([claims[0]]) == [claims[0]])
        #expect(try client.finish([claims[0]]).isEmpty)
        try client.finish([
            .init(claim: claims[1], outcome: "retry", error: "first"), .init(claim: claims[1], outcome: "succeeded"),
            .init(claim: claims[1], outcome: "failed", error: "last"),
        ])
        #expect(try fixture.steps(of: run) == ["succeeded", "queued"])
        #expect(try fixture.errors(of: run) == ["", "first"])
        try client.drain()
        #expect(try fixture.events(of: run).filter { $0 == "step.succeeded s0" }.count == 1)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 35
    @Test func `of ten results nine are accepted if one is late`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start(Array(repeating: StepSpec(), count: 10))
        let claims = try client.claim(10)
        try client.rows("UPDATE nofx.queue SET fence = fence + 1000 WHERE id = \(claims[4].id)")
        #expect(try client.finish(claims) == claims.filter { $0 != claims[4] })
        #expect(try fixture.status(of: run) == "running")
        #expect(try fixture.faults().isEmpty)
    }

    // Cases: queue 36
    @Test func `a hundred steps wait for one and are queued when it succeeds`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()] + Array(repeating: StepSpec(after: [0]), count: 100))
        #expect(try fixture.jobs(of: run) == 1)
        try client.finish(try client.claim())
        #expect(try fixture.jobs(of: run) == 100)
        #expect(try client.claim(200).map(\.step) == Array(1...100))
    }

    // Cases: queue 37
    @Test func `a step that waits for a hundred concurrent results gets one job`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start(Array(repeating: StepSpec(), count: 100) + [StepSpec(after: Array(0..<100))])
        _ = try runConcurrently(8) { number, barrier in
            var client = try fixture.client()
            barrier()
            while case let claims = try client.claim(1 + number % 3), !claims.isEmpty {
                #expect(try client.finish(claims).count == claims.count)
            }
        }
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.events(of: run).filter { $0 == "step.queued s100" }.count == 1)
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 38
    @Test func `two last steps that end concurrently end the run once`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<15 {
            let run = try client.start([StepSpec(), StepSpec()])
            let claims = try client.claim(2)
            _ = try runConcurrently(2) { number, barrier in
                var client = try fixture.client()
                barrier()
                try client.finish([claims[number]])
            }
            #expect(try fixture.status(of: run) == "succeeded")
            #expect(try fixture.events(of: run).filter { $0.hasPrefix("run.") } == ["run.created", "run.succeeded"])
        }
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 39
    @Test func `two dependencies that end in one batch both count`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec(), StepSpec(), StepSpec(after: [0, 1, 2])])
        let claims = try client.claim(3)
        try client.finish(Array(claims.prefix(2)))
        #expect(try fixture.database.value("SELECT deps_left FROM nofx.steps WHERE no = 3", as: Int.self) == 1)
        try client.finish([claims[2]])
        #expect(try fixture.steps(of: run) == ["succeeded", "succeeded", "succeeded", "queued"])
    }

    // Cases: queue 40
    @Test(arguments: ["diamond", "chain", "layers"])
    func `a step starts after its dependencies have succeeded`(shape: String) throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let plan: [StepSpec] =
            switch shape {
            case "diamond": [StepSpec(), StepSpec(after: [0]), StepSpec(after: [0]), StepSpec(after: [1, 2])]
            case "chain": StepSpec.chain(1_000)
            default:
                (0..<1_000).map { number in
                    let layer = number / 50
                    return StepSpec(after: layer == 0 ? [] : (0..<50).map { (layer - 1) * 50 + $0 })
                }
            }
        let run = try client.start(plan)
        try client.drain()
        #expect(try fixture.status(of: run) == "succeeded")
        let events = try fixture.events(of: run)
        let places = Dictionary(uniqueKeysWithValues: events.enumerated().map { ($1, $0) })
        #expect(events.count == 2 + 3 * plan.count)
        for (number, step) in plan.enumerated() {
            let begun = try #require(places["step.started s\(number)"])
            let isInOrder = step.after.allSatisfy { (places["step.succeeded s\($0)"] ?? .max) < begun }
            #expect(isInOrder, "\(number)")
        }
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 41
    @Test func `steps that depend on a failed step are skipped, and the others run`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(), StepSpec(after: [0]), StepSpec(after: [1], continues: true), StepSpec(after: [2]), StepSpec(),
            StepSpec(after: [4]), StepSpec(after: [3, 5]),
        ])
        let claims = try client.claim(2)
        try client.finish([claims[0]], "failed", error: "http_status")
        #expect(try fixture.status(of: run) == "running")
        try client.finish([claims[1]])
        try client.drain()
        #expect(
            try fixture.steps(of: run) == [
                "failed", "skipped", "skipped", "skipped", "succeeded", "succeeded", "skipped",
            ]
        )
        let code = "upstream_failed"
        #expect(try fixture.errors(of: run) == ["http_status", code, code, code, "", "", code])
        #expect(try fixture.status(of: run) == "failed")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 42
    @Test func `after a failed step with onFailure continue its dependents run and the run succeeds`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(continues: true), StepSpec(after: [0])])
        try client.finish(try client.claim(), "failed", error: "no")
        try client.drain()
        #expect(try fixture.steps(of: run) == ["failed", "succeeded"])
        #expect(try fixture.status(of: run) == "succeeded")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 41
    @Test func `one batch skips a step with a failed and a succeeded dependency`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([
            StepSpec(), StepSpec(), StepSpec(after: [0, 1]), StepSpec(after: [0]), StepSpec(after: [2, 3]),
        ])
        let claims = try client.claim(2)
        try client.finish([.init(claim: claims[0]), .init(claim: claims[1], outcome: "failed", error: "no")])
        #expect(try fixture.steps(of: run) == ["succeeded", "failed", "skipped", "queued", "skipped"])
        try client.drain()
        #expect(try fixture.status(of: run) == "failed")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    @Test func `a batch reports results of every kind for several runs`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let runs = try (0..<3).map { _ in
            try client.start(Array(repeating: StepSpec(), count: 5) + [StepSpec(after: [0])])
        }
        let claims = try client.claim(15)
        let outcomes = ["succeeded", "failed", "retry", "released", "cancelled"]
        let said = claims.map { claim in
            TestClient.Report(
                claim: claim,
                outcome: outcomes[claim.step],
                outputs: claim.step == 0 ? "{\"a\":\(claim.fence)}" : nil,
                error: "no",
                delay: claim.step == 2 ? .seconds(60) : .zero,
                artifacts: claim.step < 2 ? ["b.txt", "a.txt", "b.txt"] : []
            )
        }
        #expect(try client.finish(said).count == 15)
        for run in runs {
            #expect(try fixture.steps(of: run) == ["succeeded", "failed", "queued", "queued", "queued", "queued"])
            let artifacts: [String] = try fixture.database.value(
                "SELECT array_agg(step_no || name ORDER BY step_no, name) FROM nofx.artifacts WHERE run_id = \(run)"
            )
            #expect(artifacts == ["0a.txt", "0b.txt"])
            #expect(try fixture.events(of: run).filter { $0.hasPrefix("artifact") }.count == 2)
            let events = try fixture.events(of: run)
            let (begun, made) = (events.firstIndex(of: "step.started s0"), events.firstIndex(of: "artifact.created s0"))
            #expect(try #require(begun) < #require(made))
        }
        #expect(try fixture.faults().isEmpty)
        try fixture.endDelays()
        try client.maintain()
        try client.drain()
        #expect(try fixture.faults(ended: true).isEmpty)
    }
}
