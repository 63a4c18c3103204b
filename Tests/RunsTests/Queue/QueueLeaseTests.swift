import Base
import Postgres
import TestSupport
import Testing

@Suite struct QueueLeaseTests {
    @Test func `a step that is released at once keeps its place`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let first = try client.start([StepSpec()])
        _ = try client.start([StepSpec()])
        try client.finish(try client.reserve(1), "released")
        #expect(try client.reserve(1).map(\.run) == [first])
    }

    // Cases: queue 16
    @Test func `a step of a lost worker is rescued once after its lease`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()])
        let lost = try client.claim()
        #expect(try client.maintain() == [0, 0, 0])
        try fixture.expireLeases()
        #expect(try client.maintain() == [0, 1, 0])
        #expect(try client.maintain() == [0, 0, 0])
        let again = try client.claim()
        #expect(again.map(\.attempt) == [2])
        #expect(again[0].fence != lost[0].fence)
        #expect(try client.finish(again) == again)
        #expect(
            try fixture.events(of: run) == [
                "run.created", "step.queued s0", "step.started s0", "step.rescued s0", "step.started s0",
                "step.succeeded s0", "run.succeeded",
            ]
        )
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 18, 20
    @Test(arguments: ["succeeded", "failed", "retry", "released", "cancelled"])
    func `a report with an expired lease changes nothing after the rescue`(outcome: String) throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()])
        let late = try client.claim()
        try fixture.expireLeases()
        try client.maintain()
        #expect(try client.finish(late, outcome).isEmpty)
        let next = try client.reserve()
        #expect(try client.finish(late, outcome).isEmpty)
        #expect(try client.heartbeat(late).isEmpty)
        try client.rows("SELECT nofx.begin_steps(\(late.map(\.id)), \(late.map(\.fence)))")
        #expect(try fixture.events(of: run).last == "step.rescued s0")
        #expect(try client.finish([.init(claim: next[0], outputs: "\"mine\"")]) == next)
        #expect(try client.finish(late, outcome).isEmpty)
        #expect(try fixture.database.value("SELECT outputs #>> '{}' FROM nofx.steps") == "mine")
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 19
    @Test func `a heartbeat or result after the lease, but before the rescue, is accepted`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()])
        let claims = try client.claim()
        try fixture.expireLeases()
        #expect(try client.heartbeat(claims) == [claims[0].id: false])
        try fixture.expireLeases()
        #expect(try client.finish(claims) == claims)
        #expect(try client.maintain() == [0, 0, 0])
        #expect(try fixture.status(of: run) == "succeeded")
    }

    // Cases: queue 21, 28
    @Test func `a heartbeat extends a lease by the server's clock`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        _ = try client.start([StepSpec()])
        let claims = try client.claim()
        try fixture.expireLeases()
        #expect(try client.heartbeat(claims).count == 1)
        #expect(try client.maintain() == [0, 0, 0])
        // No function takes a time of day as a parameter, so a worker's clock has no influence.
        #expect(
            try fixture.database.value(
                """
                SELECT count(*) FROM pg_proc p
                WHERE p.pronamespace = 'nofx'::regnamespace AND p.proname IN ('claim_jobs', 'heartbeat_jobs', 'finish_jobs',
                      'cancel_job', 'begin_steps', 'finish_steps', 'promote_jobs', 'rescue_steps', 'rescue_jobs',
                      'stop_overdue_runs', 'expire_gates')
                  AND 'timestamptz'::regtype = ANY (p.proargtypes)
                """
            ) == 0
        )
    }

    // Cases: queue 22
    @Test func `heartbeats and results for the same steps in opposite orders do not deadlock`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<4 { _ = try client.start(Array(repeating: StepSpec(attempts: 1_000), count: 5)) }
        let claims = try client.claim(20)
        let orders = [claims, claims.reversed(), claims.shuffled(), claims.sorted { $0.fence % 7 < $1.fence % 7 }]
        _ = try runConcurrently(4) { number, barrier in
            var client = try fixture.client()
            barrier()
            for round in 0..<200 {
                #expect(try client.heartbeat(orders[number]).count == 20)
                if round % 4 == number { try releaseAndReclaim(orders[number], &client) }
            }
        }
        #expect(try fixture.faults().isEmpty)
    }

    /// Releases steps and lets the same claims hold them again.
    private func releaseAndReclaim(_ claims: [TestClient.Claim], _ client: inout TestClient) throws {
        let ids = claims.map(\.id)
        _ = try client.connection.transact(
            [
                """
                SELECT nofx.finish_steps(\(ids), \(claims.map(\.fence)), \(claims.map { _ in "released" }),
                                         NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL)
                """,
                """
                UPDATE nofx.queue SET state = 'running', lease_until = now() + interval '1 hour', attempt = 1
                WHERE id = ANY (\(ids))
                """,
            ],
            retry: .never,
            deadline: .test
        )
    }

    // Cases: queue 23
    @Test func `of a concurrent rescue and result only one counts`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<15 {
            let run = try client.start([StepSpec()])
            let claims = try client.claim()
            try fixture.expireLeases()
            let outcomes = try runConcurrently(2) { number, barrier in
                var client = try fixture.client()
                barrier()
                return number == 0 ? try client.finish(claims).count : try client.maintain()[1]
            }
            #expect(outcomes.reduce(0, +) <= 1)
            // The maintenance skipped a step whose result was being recorded.
            let isDone = try fixture.status(of: run) == "succeeded"
            #expect(outcomes[0] == (isDone ? 1 : 0))
            #expect(try fixture.faults().isEmpty)
            try client.maintain()
            try client.drain()
            #expect(try fixture.status(of: run) == "succeeded")
        }
    }

    // Cases: queue 24
    @Test func `four concurrent rescues rescue each step once`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        for _ in 0..<10 { _ = try client.start(Array(repeating: StepSpec(), count: 10)) }
        let claims = try client.claim(100)
        try fixture.expireLeases()
        let rescued = try runConcurrently(4) { _, barrier in
            var client = try fixture.client()
            barrier()
            return try client.maintain()[1]
        }
        let rest = try client.maintain()[1]
        #expect(rescued.reduce(rest, +) == 100)
        #expect(try fixture.database.value("SELECT count(*) FROM nofx.events WHERE type = 'step.rescued'") == 100)
        let again = try client.claim(200)
        #expect(again.count == 100)
        #expect(again.allSatisfy { $0.attempt == 2 })
        #expect(Set(again.map(\.fence)).isDisjoint(with: claims.map(\.fence)))
    }

    // Cases: queue 25
    @Test func `a step whose workers always die is dead-lettered after its last attempt, and its run ends`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(attempts: 2), StepSpec(after: [0]), StepSpec(after: [1])])
        for attempt in 1...2 {
            #expect(try client.claim().map(\.attempt) == [attempt])
            try fixture.expireLeases()
            #expect(try client.maintain() == [0, 2 - attempt, attempt - 1])
        }
        #expect(try fixture.steps(of: run) == ["failed", "skipped", "skipped"])
        #expect(try fixture.errors(of: run) == ["lease_expired", "upstream_failed", "upstream_failed"])
        #expect(try fixture.status(of: run) == "failed")
        #expect(try fixture.deadLetters() == ["s0 lease_expired"])
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 26
    @Test func `of a batch whose worker dies the reported results stay, and the other steps run again`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start(Array(repeating: StepSpec(), count: 10))
        let claims = try client.claim(10)
        try client.finish(Array(claims.prefix(2)))
        try fixture.expireLeases()
        #expect(try client.maintain() == [0, 8, 0])
        #expect(try client.claim(10).map(\.step) == Array(2..<10))
        #expect(try fixture.steps(of: run).prefix(2) == ["succeeded", "succeeded"])
    }

    // Cases: queue 27
    @Test func `locked runs do not block the rescue of other runs`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let runs = try (0..<4).map { _ in try client.start([StepSpec(), StepSpec()]) }.sorted()
        _ = try client.claim(8)
        try fixture.expireLeases()
        var other = try fixture.client()
        let held = Array(runs.prefix(3))
        _ = try other.connection.begin(
            ["SELECT 1 FROM nofx.runs WHERE id = ANY (\(held)) FOR UPDATE"],
            deadline: .test
        )
        #expect(try client.maintain(2) == [0, 2, 0])
        try other.connection.commit([], deadline: .test)
        #expect(try fixture.events(of: runs[3]).filter { $0.hasPrefix("step.rescued") }.count == 2)
        #expect(try client.maintain(100) == [0, 6, 0])
    }

    // Cases: queue 32
    @Test func `a released step keeps its attempts, however often it is released`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(attempts: 1)])
        for _ in 0..<5 {
            let claims = try client.reserve()
            #expect(claims.map(\.attempt) == [1])
            #expect(try client.finish(claims, "released") == claims)
        }
        let claims = try client.reserve()
        try client.finish(claims, "released", delay: .seconds(60))
        #expect(try client.reserve().isEmpty)
        try fixture.endDelays()
        #expect(try client.maintain() == [1, 0, 0])
        #expect(try client.reserve().map(\.attempt) == [1])
        #expect(try fixture.steps(of: run) == ["queued"])
        #expect(try fixture.events(of: run) == ["run.created", "step.queued s0"])
        #expect(try fixture.faults().isEmpty)
    }

    @Test func `a step whose start is recorded twice has one start event`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec()])
        let claims = try client.reserve()
        for _ in 0..<2 {
            let both = claims + claims
            try client.rows("SELECT nofx.begin_steps(\(both.map(\.id)), \(both.map(\.fence)))")
        }
        try client.finish(claims)
        #expect(try fixture.events(of: run).filter { $0 == "step.started s0" }.count == 1)
        #expect(try fixture.faults(ended: true).isEmpty)
    }
}
