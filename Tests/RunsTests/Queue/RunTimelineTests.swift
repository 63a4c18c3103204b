import Base
import Postgres
import TestSupport
import Testing

@Suite struct RunTimelineTests {
    // Cases: queue 87
    @Test func `a reader with a cursor reads each event once and in order while eight clients work`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start((0..<200).map { StepSpec(after: $0 < 100 ? [] : [$0 - 100]) })
        let seen = try runConcurrently(9) { number, barrier in
            var client = try fixture.client()
            barrier()
            var seen: [Int] = []
            if number > 0 {
                while try fixture.status(of: run) == "running" { try client.finish(try client.claim(3)) }
                return seen
            }
            var isOver = false
            while !isOver {
                let rows = try client.rows(
                    """
                    SELECT seq, type FROM nofx.events
                    WHERE team_id = \(fixture.team) AND run_id = \(run) AND seq > \(seen.last ?? 0) ORDER BY seq
                    """
                )
                for index in 0..<rows.count {
                    seen.append(try rows[index]["seq"])
                    isOver = try rows[index]["type"] == "run.succeeded"
                }
            }
            return seen
        }
        // 200 steps with three events each (queued, started, succeeded), and the run's own two events.
        #expect(seen[0] == Array(1...602))
        #expect(try fixture.faults(ended: true).isEmpty)
    }

    // Cases: queue 88
    @Test func `events of one transaction have consecutive numbers`() throws {
        let fixture = try RunFixture()
        var client = try fixture.client()
        let run = try client.start([StepSpec(), StepSpec(after: [0]), StepSpec(after: [0])])
        try client.finish(try client.claim())
        #expect(
            try fixture.events(of: run) == [
                "run.created", "step.queued s0", "step.started s0", "step.succeeded s0", "step.queued s1",
                "step.queued s2",
            ]
        )
        #expect(
            try fixture.database.value("SELECT array_agg(seq::bigint ORDER BY seq) FROM nofx.events") == Array(1...6)
        )
    }
}
