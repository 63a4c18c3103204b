import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunStartTests {
    // Cases: queue 48
    @Test func `a start that is rolled back leaves nothing`() throws {
        let bench = try RunBench()
        let before = try bench.database.contents()
        var hands = try bench.hands()
        let error = #expect(throws: PostgresError.self) {
            // The last name is too long, when all others are there already.
            try hands.rows(
                """
                WITH me AS MATERIALIZED (SELECT set_config('nofx.user_id', \(bench.owner.description), true))
                SELECT s.outcome FROM me, LATERAL nofx.start_run(
                    \(bench.team), gen_random_uuid(), 'A goal.', NULL, NULL, 10, 1000, json_build_object(
                        'name', ARRAY['a', repeat('b', 201)], 'tool', '{test:echo,test:echo}',
                        'topic', '{test.echo,test.echo}', 'inputs', '{"{}","{}"}', 'deps', '{"{}","{}"}',
                        'dependents', '{"{}","{}"}', 'continues', '{f,f}', 'priority', '{0,0}',
                        'max_attempts', '{1,1}', 'timeout_s', '{9,9}', 'retry_base_s', '{1,1}',
                        'retry_cap_s', '{1,1}', 'delay_s', '{0,0}'
                    ), '{}'
                ) s
                """
            )
        }
        #expect(error?.state?.rawValue == "23514")
        #expect(try bench.database.contents() == before)
    }

    // Cases: queue 45
    @Test func `two steps that differ by name alone are both done`() throws {
        let bench = try RunBench()
        var hands = try bench.hands()
        let run = try hands.start([Sketch(inputs: #"{"a":1}"#), Sketch(inputs: #"{"a":1}"#)])
        try hands.drain()
        #expect(try bench.steps(of: run) == ["succeeded", "succeeded"])
        #expect(try bench.faults(ended: true).isEmpty)
    }

    // Cases: queue 101
    @Test func `a team with as many steps waiting as it may have starts no more, and others do`() throws {
        let bench = try RunBench()
        let other = try RunBench(in: bench.database)
        var hands = try bench.hands()
        var others = try other.hands()
        _ = try hands.start([Sketch(), Sketch(tool: "wait:until"), Sketch(after: [0])], teamLimit: 2)
        #expect(throws: Hands.Refused(outcome: "queue_full")) { try hands.start([Sketch()], teamLimit: 2) }
        _ = try others.start([Sketch()], teamLimit: 2)
        // What waits for its time waits as well.
        let third = try RunBench(in: bench.database)
        var later = try third.hands()
        _ = try later.start([Sketch(delay: 60), Sketch(delay: 60)], teamLimit: 2)
        #expect(throws: Hands.Refused(outcome: "queue_full")) { try later.start([Sketch()], teamLimit: 2) }
        // What is done has made room.
        try hands.finish(try hands.claim(1))
        try hands.finish(try hands.claim(1))
        _ = try hands.start([Sketch()], teamLimit: 2)
        #expect(try bench.faults().isEmpty)
    }
}
