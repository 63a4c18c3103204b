import Base
import Postgres
import TestSupport
import Testing

/// Random operations in any order: counters match the rows, and every run ends.
@Suite struct RunPropertyTests {
    private static func plan(using random: inout SeededGenerator) -> [StepSpec] {
        (0..<Int.random(in: 1...10, using: &random)).map { number in
            StepSpec(
                after: (0..<number).filter { _ in Int.random(in: 0..<3, using: &random) == 0 },
                tool: Int.random(in: 0..<7, using: &random) == 0 ? "gate:manual" : "test:echo",
                inputs: Bool.random(using: &random) ? "{}" : #"{"expiresInSeconds":3600}"#,
                continues: Int.random(in: 0..<4, using: &random) == 0,
                priority: Int.random(in: -3...3, using: &random),
                attempts: Int.random(in: 1...3, using: &random),
                delay: Int.random(in: 0..<6, using: &random) == 0 ? 3_600 : 0
            )
        }
    }

    /// A random operation.
    private static func act(
        _ client: inout TestClient,
        _ runs: [UUID],
        _ held: inout [TestClient.Claim],
        using random: inout SeededGenerator
    ) throws {
        let run = runs[Int.random(in: runs.indices, using: &random)]
        let step = Int.random(in: 0..<10, using: &random)
        switch Int.random(in: 0..<24, using: &random) {
        case 0..<6: held += try client.claim(Int.random(in: 1...6, using: &random))
        case 6..<14:
            let outcomes = ["succeeded", "succeeded", "failed", "retry", "released", "cancelled"]
            let said = held.shuffled(using: &random).prefix(Int.random(in: 0...6, using: &random)).map { claim in
                TestClient.Report(
                    claim: claim,
                    outcome: outcomes[Int.random(in: outcomes.indices, using: &random)],
                    delay: Bool.random(using: &random) ? .zero : .seconds(60),
                    artifacts: Int.random(in: 0..<4, using: &random) == 0 ? ["a"] : []
                )
            }
            try client.finish(said)
            // Sometimes a result is reported again.
            if Bool.random(using: &random) { held.removeAll { claim in said.contains { $0.claim == claim } } }
        case 14: try client.rows("SELECT nofx.begin_steps(\(held.map(\.id)), \(held.map(\.fence)))")
        case 15: _ = try client.heartbeat(held.shuffled(using: &random))
        case 16:
            try client.rows(
                """
                UPDATE nofx.queue SET lease_until = now() WHERE id IN (
                    SELECT id FROM nofx.queue WHERE state = 'running' AND random() < 0.3 ORDER BY id FOR UPDATE
                )
                """
            )
        case 17:
            try client.rows(
                """
                UPDATE nofx.queue SET run_at = now() WHERE id IN (
                    SELECT id FROM nofx.queue WHERE state = 'scheduled' ORDER BY id FOR UPDATE SKIP LOCKED
                )
                """
            )
        case 18:
            try client.rows(
                """
                WITH run AS MATERIALIZED (SELECT id FROM nofx.runs WHERE id = \(run) FOR UPDATE)
                UPDATE nofx.gates g SET expires_at = now() FROM run WHERE g.run_id = run.id AND random() < 0.3
                """
            )
        case 19: try client.maintain(Int32.random(in: 1...50, using: &random))
        case 20: try client.decide(step, of: run, ["approved", "rejected", "waived"][step % 3])
        case 21: _ = try client.retry(step, of: run)
        case 22 where step < 3: try client.cancel(run)
        case 23 where step < 3:
            try client.rows("SELECT nofx.redrive_jobs(NULL, NULL, \(Int32(step)), '{}')")
        default: break
        }
    }

    /// Finishes the remaining work after all leases are lost.
    private static func finishAll(_ fixture: RunFixture, _ runs: [UUID]) throws {
        var client = try fixture.client()
        for _ in 0..<100 {
            try fixture.expireLeases()
            try fixture.endDelays()
            try client.maintain()
            for claims in [try client.claim(50)] { try client.finish(claims) }
            for run in runs where try fixture.status(of: run) == "waiting" {
                for step in 0..<10 { try client.decide(step, of: run, "approved") }
            }
            if try client.rows("SELECT NOT EXISTS (SELECT FROM nofx.runs WHERE ended_at IS NULL)").value() { break }
        }
    }

    @Test(arguments: 1...6)
    func `invariants hold for one client`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try RunFixture()
        var client = try fixture.client()
        let runs = try (0..<12).map { _ in try client.start(Self.plan(using: &random)) }
        var held: [TestClient.Claim] = []
        for number in 0..<300 {
            try Self.act(&client, runs, &held, using: &random)
            if number % 10 == 0 {
                let faults = try fixture.faults()
                #expect(faults.isEmpty, "\(number)")
                guard faults.isEmpty else { return }
            }
        }
        try Self.finishAll(fixture, runs)
        #expect(try fixture.faults(ended: true) == [])
        #expect(try fixture.database.value("SELECT count(*) FROM nofx.queue") == 0)
    }

    @Test(arguments: 1...2)
    func `invariants hold for eight concurrent clients`(seed: UInt64) throws {
        var random = SeededGenerator(seed: 100 + seed)
        let fixture = try RunFixture()
        var client = try fixture.client()
        let runs = try (0..<16).map { _ in try client.start(Self.plan(using: &random)) }
        _ = try runConcurrently(8) { number, barrier in
            var random = SeededGenerator(seed: 1_000 * seed + UInt64(number))
            var client = try fixture.client()
            var held: [TestClient.Claim] = []
            barrier()
            for _ in 0..<120 { try Self.act(&client, runs, &held, using: &random) }
        }
        #expect(try fixture.faults() == [])
        try Self.finishAll(fixture, runs)
        #expect(try fixture.faults(ended: true) == [])
        #expect(try fixture.database.value("SELECT count(*) FROM nofx.queue") == 0)
    }
}
