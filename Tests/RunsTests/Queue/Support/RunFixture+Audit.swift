import Base
import Postgres
import TestSupport

extension RunFixture {
    /// The inconsistencies of the team's runs, run by run.
    ///
    /// - Parameter ended: Whether all runs must have ended.
    /// - Returns: The inconsistencies, each with its run.
    /// - Throws: `PostgresError`.
    func faults(ended: Bool = false) throws -> [String] {
        try database.value(
            """
            SELECT coalesce(array_agg(f.fault || ' of ' || r.id), '{}') FROM nofx.runs r
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE s.ended_at IS NULL) AS open,
                       count(*) FILTER (WHERE s.status = 'queued') AS queued,
                       count(*) FILTER (WHERE s.status = 'waiting') AS waiting,
                       count(*) FILTER (WHERE s.status IN ('failed', 'timed_out')
                                          AND NOT nofx.is_tolerated(s.continues, s.is_gate, s.error)) AS failed,
                       count(*) FILTER (WHERE s.status IN ('failed', 'timed_out')
                                          AND nofx.is_tolerated(s.continues, s.is_gate, s.error)) AS tolerated,
                       count(*) FILTER (WHERE s.status = 'cancelled') AS cancelled,
                       count(*) FILTER (WHERE s.status = 'blocked' AND s.deps_left <> (
                           SELECT count(*) FROM nofx.steps p
                           WHERE p.team_id = s.team_id AND p.run_id = s.run_id AND p.no = ANY (s.deps)
                             AND NOT nofx.is_met(p.status, p.continues, p.is_gate, p.error))) AS miscounted,
                       count(*) FILTER (WHERE s.status = 'blocked' AND s.deps_left = 0) AS stuck,
                       -- A step that has succeeded stays so when a gate before it is reopened.
                       count(*) FILTER (WHERE s.status IN ('queued', 'waiting', 'succeeded') AND EXISTS (
                           SELECT FROM nofx.steps p
                           WHERE p.team_id = s.team_id AND p.run_id = s.run_id AND p.no = ANY (s.deps)
                             AND p.ended_at IS NULL AND NOT p.continues
                             AND NOT (s.status = 'succeeded' AND p.is_gate))) AS early,
                       count(*) FILTER (WHERE s.status IN ('queued', 'waiting') AND EXISTS (
                           WITH RECURSIVE above (no) AS (
                               SELECT unnest(s.deps)
                               UNION
                               SELECT unnest(p.deps) FROM above a
                               JOIN nofx.steps p ON p.team_id = s.team_id AND p.run_id = s.run_id AND p.no = a.no
                           )
                           SELECT FROM nofx.steps p
                           WHERE p.team_id = s.team_id AND p.run_id = s.run_id AND p.no IN (SELECT no FROM above)
                             AND p.is_gate AND NOT nofx.is_met(p.status, p.continues, p.is_gate, p.error))) AS unapproved
                FROM nofx.steps s WHERE s.team_id = r.team_id AND s.run_id = r.id
            ) c
            CROSS JOIN LATERAL (
                SELECT count(*) AS jobs, count(DISTINCT q.step_no) AS steps FROM nofx.queue q WHERE q.run_id = r.id
            ) q
            CROSS JOIN LATERAL (
                SELECT count(*) AS count, coalesce(max(e.seq), 0) AS last,
                       count(*) FILTER (WHERE e.type IN ('run.succeeded', 'run.failed', 'run.cancelled')) AS ends,
                       count(*) FILTER (WHERE e.type = 'run.resumed') AS resumptions
                FROM nofx.events e WHERE e.team_id = r.team_id AND e.run_id = r.id
            ) e
            CROSS JOIN LATERAL (
                VALUES (r.steps_open <> c.open, 'steps_open'), (r.steps_queued <> c.queued, 'steps_queued'),
                       (r.steps_failed <> c.failed, 'steps_failed'),
                       (r.steps_tolerated <> c.tolerated, 'steps_tolerated'),
                       (r.steps_cancelled <> c.cancelled, 'steps_cancelled'), (c.miscounted > 0, 'deps_left'),
                       (c.stuck > 0, 'a stuck step'), (c.early > 0, 'an early step'),
                       (c.unapproved > 0, 'an unapproved step'),
                       (q.jobs <> c.queued OR q.steps <> q.jobs, 'jobs'),
                       (c.waiting <> (SELECT count(*) FROM nofx.gates g
                                      WHERE g.run_id = r.id AND g.status = 'pending'), 'gates'),
                       (e.count <> e.last OR e.last <> r.event_seq, 'event_seq'),
                       (e.ends <> e.resumptions + (r.ended_at IS NOT NULL)::integer, 'ends'),
                       (r.status <> CASE WHEN c.open > 0 AND r.cancel_requested_at IS NOT NULL THEN 'cancelling'
                                         WHEN c.queued > 0 THEN 'running'
                                         WHEN c.open > 0 THEN 'waiting'
                                         WHEN r.cancel_requested_at IS NOT NULL OR c.cancelled > 0 THEN 'cancelled'
                                         WHEN c.failed > 0 THEN 'failed' ELSE 'succeeded' END, 'status'),
                       (\(ended) AND r.ended_at IS NULL, 'an open run')
            ) f (is_so, fault)
            WHERE r.team_id = \(team) AND f.is_so
            """
        )
    }
}
