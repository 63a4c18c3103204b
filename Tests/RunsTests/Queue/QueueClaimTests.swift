import Base
import Postgres
import TestSupport
import Testing

@Suite struct QueueClaimTests {
    // Cases: queue 1
    @Test func `of fifty concurrent claims one gets the step`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        _ = try client.start([StepSpec()])
        let claims = try runConcurrently(50) { _, barrier in
            var client = try fixture.client()
            barrier()
            return try client.claim().count
        }
        #expect(claims.reduce(0, +) == 1)
    }

    // Cases: queue 2
    @Test func `eight claimants of a thousand steps in batches claim each step once`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        _ = try client.start(Array(repeating: StepSpec(), count: 1_000))
        let shares = try runConcurrently(8) { _, barrier in
            var client = try fixture.client()
            barrier()
            var mine: [Int] = []
            while case let claims = try client.claim(37), !claims.isEmpty { mine += claims.map(\.step) }
            return mine
        }
        #expect(shares.joined().sorted() == Array(0..<1_000))
    }

    // Cases: queue 2
    @Test func `a claim does not wait for concurrent claims`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        _ = try client.start(Array(repeating: StepSpec(), count: 5))
        var other = try fixture.client()
        let held = try other.connection.begin(
            ["SELECT count(*) FROM nofx.claim_jobs('test.echo', 3, '10 minutes', NULL, NULL, NULL)"],
            deadline: .test
        )
        #expect(try held[0].value(as: Int.self) == 3)
        #expect(try client.claim(9).map(\.step) == [3, 4])
        try other.connection.commit([], deadline: .test)
        #expect(try client.claim(9).isEmpty)
    }

    // Cases: queue 3
    @Test func `steps of a team are claimed by priority, then by due time, then by id`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([5, -5, 0, 0, -5, 5].map { StepSpec(priority: $0) })
        try client.rows("UPDATE nofx.queue SET run_at = now() - interval '1 hour' WHERE step_no IN (3, 5)")
        #expect(try client.claim(9).map(\.step) == [1, 4, 3, 2, 5, 0])
        #expect(try fixture.jobs(of: run) == 6)
    }

    // Cases: queue 4
    @Test func `a delayed step is due at its time and not before`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        _ = try client.start([StepSpec(delay: 3_600)])
        #expect(try client.maintain() == [0, 0, 0])
        #expect(try client.claim().isEmpty)
        try fixture.endDelays()
        #expect(try client.maintain() == [1, 0, 0])
        #expect(try client.claim().map(\.step) == [0])
    }

    // Cases: queue 5
    @Test func `a step that is enqueued and claimed in one transaction is due`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let rows = try client.connection.transact(
            [
                """
                SELECT nofx.enqueue_jobs(ARRAY[gen_random_uuid()], '{t}', ARRAY[gen_random_uuid()], '{0}', '{0}', '{1}')
                """,
                """
                INSERT INTO nofx.queue (id, topic, state, run_at, payload)
                VALUES (gen_random_uuid(), 't', 'scheduled', now(), '2')
                """,
                "SELECT nofx.promote_jobs(10)",
                "SELECT count(*) FROM nofx.claim_jobs('t', 5, '1 minute', NULL, NULL, NULL)",
            ],
            deadline: .test
        )
        #expect(try rows[2].value(as: Int.self) == 1)
        #expect(try rows[3].value(as: Int.self) == 2)
    }

    // Cases: queue 6, 9
    @Test func `a claim gets only steps of its topic, up to its count`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        _ = try client.start([StepSpec(), StepSpec(tool: "wait:until"), StepSpec()])
        #expect(try client.claim(100).map(\.step) == [0, 2])
        #expect(try client.claim(100).isEmpty)
        #expect(try client.claim(100, of: "wait.until").map(\.step) == [1])
    }

    // Cases: queue 7
    @Test func `a claim of an empty queue and its maintenance write nothing`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for limit in [nil, Int32(5)] {
            let rows = try client.connection.transact(
                [
                    "SELECT count(*) FROM nofx.claim_jobs('test.echo', 50, '1 minute', \(limit), \(limit), NULL)",
                    "SELECT nofx.promote_jobs(1000)",
                    // A transaction that has written, or locked a row, has a number.
                    "SELECT pg_current_xact_id_if_assigned()::text",
                ],
                deadline: .test
            )
            #expect(try rows[0].value(as: Int.self) == 0)
            #expect(try rows[2].value(as: String?.self) == nil)
        }
    }

    // Cases: queue 13
    @Test func `eight concurrent claimants never exceed their limits together`() throws {
        let fixture = try RunFixture()
        let other = try RunFixture(in: fixture.database)
        for fixture in [fixture, other] {
            var client = try fixture.client()
            _ = try client.start(Array(repeating: StepSpec(), count: 60))
        }
        let most = try runConcurrently(8) { _, barrier in
            var client = try fixture.client()
            barrier()
            var most = 0
            while try client.rows("SELECT count(*) FROM nofx.queue").value(as: Int.self) > 0 {
                let claims = try client.claim(3, topicLimit: 3, tenantLimit: 2)
                // Every other claimant sees a claim from its commit on.
                most = max(
                    most,
                    try client.rows(
                        """
                        SELECT max(n) + CASE WHEN sum(n) > 3 THEN 1000 ELSE 0 END FROM (
                            SELECT count(*) AS n FROM nofx.queue WHERE state = 'running' GROUP BY tenant_id
                        ) c
                        """
                    ).value(as: Int?.self) ?? 0
                )
                try client.finish(claims)
            }
            return most
        }
        #expect((most.max() ?? 0) <= 2)
        #expect(try fixture.faults(ended: true).isEmpty)
        #expect(try other.faults(ended: true).isEmpty)
    }
}
