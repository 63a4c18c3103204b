import Base
import Postgres
import TestSupport
import Testing

@Suite struct QueueLeaseTests {
    @Test func `what is given back at once keeps its place`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let first = try hands.start([Sketch()])
        _ = try hands.start([Sketch()])
        try hands.finish(try hands.claim(1), "released")
        #expect(try hands.claim(1).map(\.run) == [first])
    }

    // Cases: queue 16
    @Test func `a step whose worker is gone comes again once its lease is over, and that once`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch()])
        let lost = try hands.claim()
        #expect(try hands.tend() == [0, 0, 0])
        try bench.expireLeases()
        #expect(try hands.tend() == [0, 1, 0])
        #expect(try hands.tend() == [0, 0, 0])
        let again = try hands.claim()
        #expect(again.map(\.attempt) == [2])
        #expect(again[0].fence != lost[0].fence)
        #expect(try hands.finish(again) == again)
        #expect(
            try bench.events(of: run) == [
                "run.created", "step.queued s0", "step.started s0", "step.rescued s0", "step.started s0",
                "step.succeeded s0", "run.succeeded",
            ]
        )
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 18, 20
    @Test(arguments: ["succeeded", "failed", "retry", "released", "cancelled"])
    func `whoever comes after a step was taken from him changes nothing`(outcome: String) throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch()])
        let late = try hands.claim()
        try bench.expireLeases()
        try hands.tend()
        #expect(try hands.finish(late, outcome).isEmpty)
        let next = try hands.claim()
        #expect(try hands.finish(late, outcome).isEmpty)
        #expect(try hands.heartbeat(late).isEmpty)
        try hands.rows("SELECT nofx.start_steps(\(late.map(\.id)), \(late.map(\.fence)))")
        #expect(try bench.events(of: run).last == "step.rescued s0")
        #expect(try hands.finish([.init(claim: next[0], outputs: "\"mine\"")]) == next)
        #expect(try hands.finish(late, outcome).isEmpty)
        #expect(try bench.database.value("SELECT outputs #>> '{}' FROM nofx.steps") == "mine")
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 19
    @Test func `whoever comes late, but before anybody noticed, is in time`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch()])
        let claims = try hands.claim()
        try bench.expireLeases()
        #expect(try hands.heartbeat(claims) == [claims[0].id: false])
        try bench.expireLeases()
        #expect(try hands.finish(claims) == claims)
        #expect(try hands.tend() == [0, 0, 0])
        #expect(try bench.status(of: run) == "succeeded")
    }

    // Cases: queue 21, 28
    @Test func `a heartbeat makes a lease last by the server's clock`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        _ = try hands.start([Sketch()])
        let claims = try hands.claim()
        try bench.expireLeases()
        #expect(try hands.heartbeat(claims).count == 1)
        #expect(try hands.tend() == [0, 0, 0])
        // No function takes a time of day: a worker's clock has no way in.
        #expect(
            try bench.database.value(
                """
                SELECT count(*) FROM pg_proc p
                WHERE p.pronamespace = 'nofx'::regnamespace AND p.proname IN ('claim_jobs', 'heartbeat_jobs', 'finish_jobs',
                      'cancel_job', 'start_steps', 'finish_steps', 'maintain_queue')
                  AND 'timestamptz'::regtype = ANY (p.proargtypes)
                """
            ) == 0
        )
    }

    // Cases: queue 22
    @Test func `heartbeats and results that name the same steps in opposite orders do not block each other`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        for _ in 0..<4 { _ = try hands.start(Array(repeating: Sketch(attempts: 1_000), count: 5)) }
        let claims = try hands.claim(20)
        let orders = [claims, claims.reversed(), claims.shuffled(), claims.sorted { $0.fence % 7 < $1.fence % 7 }]
        _ = try Crowd.run(of: 4) { number, meet in
            var hands = try bench.hands()
            meet()
            for round in 0..<200 {
                #expect(try hands.heartbeat(orders[number]).count == 20)
                if round % 4 == number { try releaseAndReclaim(orders[number], &hands) }
            }
        }
        #expect(try bench.faults().isEmpty)
    }

    /// Gives steps back and has them be held again by the same claims, at once.
    private func releaseAndReclaim(_ claims: [Hands.Claim], _ hands: inout Hands) throws {
        let ids = claims.map(\.id)
        _ = try hands.connection.transact(
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
    @Test func `rescue and result at the same time, one of them counts`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        for _ in 0..<15 {
            let run = try hands.start([Sketch()])
            let claims = try hands.claim()
            try bench.expireLeases()
            let outcomes = try Crowd.run(of: 2) { number, meet in
                var hands = try bench.hands()
                meet()
                return number == 0 ? try hands.finish(claims).count : try hands.tend()[1]
            }
            #expect(outcomes.reduce(0, +) <= 1)
            // Whoever tended passed by what somebody was just ending.
            let isDone = try bench.status(of: run) == "succeeded"
            #expect(outcomes[0] == (isDone ? 1 : 0))
            #expect(try bench.faults().isEmpty)
            try hands.tend()
            try hands.drain()
            #expect(try bench.status(of: run) == "succeeded")
        }
    }

    // Cases: queue 24
    @Test func `four who rescue at once rescue each step once`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        for _ in 0..<10 { _ = try hands.start(Array(repeating: Sketch(), count: 10)) }
        let claims = try hands.claim(100)
        try bench.expireLeases()
        let rescued = try Crowd.run(of: 4) { _, meet in
            var hands = try bench.hands()
            meet()
            return try hands.tend()[1]
        }
        let rest = try hands.tend()[1]
        #expect(rescued.reduce(rest, +) == 100)
        #expect(try bench.database.value("SELECT count(*) FROM nofx.events WHERE type = 'step.rescued'") == 100)
        let again = try hands.claim(200)
        #expect(again.count == 100)
        #expect(again.allSatisfy { $0.attempt == 2 })
        #expect(Set(again.map(\.fence)).isDisjoint(with: claims.map(\.fence)))
    }

    // Cases: queue 25
    @Test func `a step that takes its workers with it is given up after its last attempt, and its run ends`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(attempts: 2), Sketch(after: [0]), Sketch(after: [1])])
        for attempt in 1...2 {
            #expect(try hands.claim().map(\.attempt) == [attempt])
            try bench.expireLeases()
            #expect(try hands.tend() == [0, 2 - attempt, attempt - 1])
        }
        #expect(try bench.steps(of: run) == ["failed", "skipped", "skipped"])
        #expect(try bench.errors(of: run) == ["lease_expired", "upstream_failed", "upstream_failed"])
        #expect(try bench.status(of: run) == "failed")
        #expect(try bench.dead() == ["s0 lease_expired"])
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 26
    @Test func `of a batch whose worker dies what was said stays, and the rest comes again`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start(Array(repeating: Sketch(), count: 10))
        let claims = try hands.claim(10)
        try hands.finish(Array(claims.prefix(2)))
        try bench.expireLeases()
        #expect(try hands.tend() == [0, 8, 0])
        #expect(try hands.claim(10).map(\.step) == Array(2..<10))
        #expect(try bench.steps(of: run).prefix(2) == ["succeeded", "succeeded"])
    }

    // Cases: queue 27
    @Test func `runs that somebody holds do not keep the rest from being rescued`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let runs = try (0..<4).map { _ in try hands.start([Sketch(), Sketch()]) }.sorted()
        _ = try hands.claim(8)
        try bench.expireLeases()
        var other = try bench.hands()
        let held = Array(runs.prefix(3))
        _ = try other.connection.begin(
            ["SELECT 1 FROM nofx.runs WHERE id = ANY (\(held)) FOR UPDATE"],
            deadline: .test
        )
        #expect(try hands.tend(2) == [0, 2, 0])
        try other.connection.commit([], deadline: .test)
        #expect(try bench.events(of: runs[3]).filter { $0.hasPrefix("step.rescued") }.count == 2)
        #expect(try hands.tend(100) == [0, 6, 0])
    }

    // Cases: queue 32
    @Test func `what is released is as if it had not been claimed, however often`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(attempts: 1)])
        for _ in 0..<5 {
            let claims = try hands.claim()
            #expect(claims.map(\.attempt) == [1])
            #expect(try hands.finish(claims, "released") == claims)
        }
        let claims = try hands.claim()
        try hands.finish(claims, "released", delay: .seconds(60))
        #expect(try hands.claim().isEmpty)
        try bench.endDelays()
        #expect(try hands.tend() == [1, 0, 0])
        #expect(try hands.claim().map(\.attempt) == [1])
        #expect(try bench.steps(of: run) == ["queued"])
        #expect(try bench.events(of: run) == ["run.created", "step.queued s0"])
        #expect(try bench.faults().isEmpty)
    }

    @Test func `a step that is noted twice has begun once`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch()])
        let claims = try hands.claim()
        for _ in 0..<2 {
            let both = claims + claims
            try hands.rows("SELECT nofx.start_steps(\(both.map(\.id)), \(both.map(\.fence)))")
        }
        try hands.finish(claims)
        #expect(try bench.events(of: run).filter { $0 == "step.started s0" }.count == 1)
        #expect(try bench.faults(ended: true).isEmpty)
    }
}
