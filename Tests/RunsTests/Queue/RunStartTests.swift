import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunStartTests {
    // Cases: queue 48
    @Test func `a start that is rolled back leaves nothing`() throws {
        let fixture = try RunFixture()
        let before = try fixture.database.contents()
        var client = try fixture.client()
        let error = #expect(throws: PostgresError.self) {
            // The last name is too long. By then all other rows are inserted.
            try client.rows(
                """
                WITH me AS MATERIALIZED (SELECT set_config('nofx.user_id', \(fixture.owner.description), true))
                SELECT s.outcome FROM me, LATERAL nofx.start_run(
                    \(fixture.team), gen_random_uuid(), 'A goal.', NULL, NULL, 10, 1000, json_build_object(
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
        #expect(try fixture.database.contents() == before)
    }

    // Cases: queue 45
    @Test func `two steps that differ only in their names both run`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(inputs: #"{"a":1}"#), StepSpec(inputs: #"{"a":1}"#)])
        try client.drain()
        #expect(try fixture.steps(of: run) == ["succeeded", "succeeded"])
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 101
    @Test func `a team at its limit of queued steps cannot start a run, and other teams can`() throws {
        let fixture = try RunFixture()
        let other = try RunFixture(in: fixture.database)
        var client = try fixture.client()
        var others = try other.client()
        _ = try client.start([StepSpec(), StepSpec(tool: "wait:until"), StepSpec(after: [0])], teamLimit: 2)
        #expect(throws: TestClient.Refused(outcome: "queue_full")) { try client.start([StepSpec()], teamLimit: 2) }
        _ = try others.start([StepSpec()], teamLimit: 2)
        // A delayed step counts as queued too.
        let third = try RunFixture(in: fixture.database)
        var later = try third.client()
        _ = try later.start([StepSpec(delay: 60), StepSpec(delay: 60)], teamLimit: 2)
        #expect(throws: TestClient.Refused(outcome: "queue_full")) { try later.start([StepSpec()], teamLimit: 2) }
        // Finished steps have freed capacity.
        try client.finish(try client.claim(1))
        try client.finish(try client.claim(1))
        _ = try client.start([StepSpec()], teamLimit: 2)
        #expect(try fixture.faults().isEmpty)
    }
}
