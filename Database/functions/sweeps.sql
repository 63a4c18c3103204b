-- revision: 1

-- What workers do for all: each function is a transaction of its own and does at most p_limit things, so that none waits
-- behind another, and a caller can ask for less after it ran out of time. Rows that another transaction has locked are
-- left for the next call.
--
-- The steps of a run can end with it. So a function that ends runs or steps takes no further one after p_limit * 5 open
-- steps, but always one.

-- Makes scheduled jobs available that are due. Returns their number.
CREATE OR REPLACE FUNCTION nofx.promote_jobs(p_limit integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH due AS (
        UPDATE nofx.queue q SET state = 'available'
        WHERE q.id = ANY (ARRAY(
            SELECT d.id FROM nofx.queue d WHERE d.state = 'scheduled' AND d.run_at <= now()
            ORDER BY d.run_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ))
        RETURNING q.id
    )
    SELECT count(*)::integer FROM due
$$;

-- Takes steps from workers whose leases have expired. A step that never began is available again as if it had not been
-- claimed. Of one that began, the attempt counts: it is retried, or dead-lettered after the last. A step of a run that is
-- being cancelled ends.
CREATE OR REPLACE FUNCTION nofx.rescue_steps(
    p_limit integer, OUT returned integer, OUT rescued integer, OUT dead_lettered integer, OUT cancelled integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_job record;
BEGIN
    WITH expired AS MATERIALIZED (
        SELECT q.tenant_id, q.run_id, min(q.lease_until) AS since FROM nofx.queue q
        WHERE q.state = 'running' AND q.lease_until <= now() AND q.run_id IS NOT NULL
        GROUP BY q.tenant_id, q.run_id
    ), runs AS MATERIALIZED (
        -- SKIP LOCKED applies before LIMIT: p_limit runs that no other transaction has locked.
        SELECT r.team_id, r.id, r.steps_open
        FROM expired e JOIN nofx.runs r ON r.team_id = e.tenant_id AND r.id = e.run_id
        ORDER BY e.since LIMIT p_limit FOR NO KEY UPDATE OF r SKIP LOCKED
    ), jobs AS MATERIALIZED (
        SELECT j.*, r.steps_open FROM runs r
        CROSS JOIN LATERAL (
            -- The lease is read again under the lock.
            SELECT q.id, q.tenant_id, q.run_id, q.step_no, q.attempt, q.has_begun,
                   CASE WHEN q.is_cancelled THEN 'cancelled' WHEN NOT q.has_begun THEN 'returned'
                        WHEN q.attempt < q.max_attempts THEN 'rescued' ELSE 'failed' END AS fate
            FROM nofx.queue q
            WHERE q.id BETWEEN nofx.step_job_id(r.id, 0) AND nofx.step_job_id(r.id, 32767)
              AND q.run_id = r.id AND q.tenant_id = r.team_id AND q.state = 'running' AND q.lease_until <= now()
            ORDER BY q.id FOR UPDATE SKIP LOCKED
        ) j
        LIMIT p_limit
    ), fates AS MATERIALIZED (
        SELECT j.*, j.fate IN ('failed', 'cancelled') AS ends,
               coalesce(sum(j.steps_open) FILTER (WHERE j.fate IN ('failed', 'cancelled')) OVER (
                   ORDER BY j.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) < p_limit * 5 AS fits
        FROM jobs j
    ), freed AS (
        UPDATE nofx.queue q SET state = 'available', lease_until = NULL, text = NULL, text_at = NULL,
               run_at = CASE WHEN q.has_begun THEN now() ELSE q.run_at END
        WHERE q.id = ANY (ARRAY(SELECT f.id FROM fates f WHERE NOT f.ends))
    ), gone AS (
        DELETE FROM nofx.queue q WHERE q.id = ANY (ARRAY(SELECT f.id FROM fates f WHERE f.ends AND f.fits))
    )
    SELECT count(*) FILTER (WHERE f.fate = 'returned') AS returned, count(*) FILTER (WHERE f.fate = 'rescued') AS rescued,
           count(*) FILTER (WHERE f.fate = 'failed' AND f.fits) AS failed,
           count(*) FILTER (WHERE f.fate = 'cancelled' AND f.fits) AS cancelled,
           array_agg(f.tenant_id) FILTER (WHERE f.fate = 'rescued') AS rescued_teams,
           array_agg(f.run_id) FILTER (WHERE f.fate = 'rescued') AS rescued_runs,
           array_agg(f.step_no::integer) FILTER (WHERE f.fate = 'rescued') AS rescued_nos,
           array_agg('step.rescued'::text) FILTER (WHERE f.fate = 'rescued') AS rescued_types,
           array_agg(json_build_object('attempt', f.attempt)) FILTER (WHERE f.fate = 'rescued') AS rescued_data,
           array_agg(f.tenant_id) FILTER (WHERE f.ends AND f.fits) AS teams,
           array_agg(f.run_id) FILTER (WHERE f.ends AND f.fits) AS runs,
           array_agg(f.step_no::integer) FILTER (WHERE f.ends AND f.fits) AS nos,
           array_agg(f.fate) FILTER (WHERE f.ends AND f.fits) AS statuses,
           array_agg(CASE f.fate WHEN 'failed' THEN
               '{"code":"lease_expired","message":"The worker lost its lease."}' END)
               FILTER (WHERE f.ends AND f.fits) AS errors,
           array_agg(f.attempt::integer) FILTER (WHERE f.ends AND f.fits) AS attempts
    INTO v_job
    FROM fates f;
    IF v_job.rescued_teams IS NOT NULL THEN
        PERFORM nofx.add_step_events(v_job.rescued_teams, v_job.rescued_runs, v_job.rescued_nos, v_job.rescued_types,
                                     v_job.rescued_data);
    END IF;
    IF v_job.teams IS NOT NULL THEN
        PERFORM nofx.end_steps(v_job.teams, v_job.runs, v_job.nos, v_job.statuses, NULL, v_job.errors, v_job.attempts,
                               NULL);
    END IF;
    SELECT v_job.returned, v_job.rescued, v_job.failed, v_job.cancelled
    INTO returned, rescued, dead_lettered, cancelled;
END
$$;

-- Takes jobs that are not steps from workers whose leases have expired. p_schedule has the waits before each attempt.
CREATE OR REPLACE FUNCTION nofx.rescue_jobs(
    p_limit integer, p_schedule interval[], OUT rescued integer, OUT dead_lettered integer
)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH expired AS (
        SELECT q.id, q.attempt >= cardinality(p_schedule) AS is_last FROM nofx.queue q
        WHERE q.state = 'running' AND q.lease_until <= now() AND q.run_id IS NULL
        ORDER BY q.lease_until LIMIT p_limit FOR UPDATE SKIP LOCKED
    ), kept AS (
        UPDATE nofx.queue q
        SET state = CASE WHEN p_schedule[q.attempt + 1] > interval '0' THEN 'scheduled' ELSE 'available' END,
            lease_until = NULL, run_at = now() + p_schedule[q.attempt + 1], error = 'lease_expired'
        FROM expired e WHERE q.id = e.id AND NOT e.is_last AND NOT q.is_cancelled
        RETURNING q.id
    ), gone AS (
        DELETE FROM nofx.queue q USING expired e WHERE q.id = e.id AND (e.is_last OR q.is_cancelled)
        RETURNING q.*
    ), dead AS (
        INSERT INTO nofx.dead_letters
            (id, topic, tenant_id, priority, attempts, error, enqueued_at, dead_lettered_at, payload)
        SELECT g.id, g.topic, g.tenant_id, g.priority, g.attempt, 'lease_expired', g.enqueued_at, now(), g.payload
        FROM gone g WHERE NOT g.is_cancelled
        RETURNING id
    )
    SELECT (SELECT count(*) FROM kept)::integer, (SELECT count(*) FROM dead)::integer
$$;

-- Cancels runs that have exceeded their deadline. Returns their number.
CREATE OR REPLACE FUNCTION nofx.stop_overdue_runs(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_run   record;
    v_work  integer := 0;
    v_count integer := 0;
BEGIN
    -- In the order of their jobs' ids: to stop a run may have to wait for a heartbeat, and that heartbeat must not wait
    -- for a row that this transaction has changed.
    FOR v_run IN
        SELECT r.team_id, r.id, r.steps_open FROM nofx.runs r
        WHERE r.ended_at IS NULL AND r.deadline_at <= now() AND r.cancel_requested_at IS NULL
          AND r.id = ANY (ARRAY(
              SELECT o.id FROM nofx.runs o
              WHERE o.ended_at IS NULL AND o.deadline_at <= now() AND o.cancel_requested_at IS NULL
              ORDER BY o.deadline_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
          ))
        ORDER BY r.id
    LOOP
        EXIT WHEN v_work >= p_limit * 5;
        v_work := v_work + v_run.steps_open;
        v_count := v_count + 1;
        PERFORM nofx.stop_run(v_run.team_id, v_run.id, json_build_object('reason', (
            SELECT CASE WHEN t.deleted_at IS NULL THEN 'deadline' ELSE 'team_deleted' END
            FROM nofx.teams t WHERE t.id = v_run.team_id)));
    END LOOP;
    RETURN v_count;
END
$$;

-- Ends gates that no member decided in time. Returns their number.
CREATE OR REPLACE FUNCTION nofx.expire_gates(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_gate  record;
    v_work  integer := 0;
    v_count integer := 0;
BEGIN
    FOR v_gate IN
        SELECT g.team_id, g.run_id, g.step_no, r.steps_open
        FROM nofx.gates g JOIN nofx.runs r ON r.team_id = g.team_id AND r.id = g.run_id
        WHERE g.status = 'pending' AND g.expires_at <= now()
        ORDER BY g.expires_at LIMIT p_limit FOR NO KEY UPDATE OF r SKIP LOCKED
    LOOP
        EXIT WHEN v_work >= p_limit * 5;
        v_work := v_work + v_gate.steps_open;
        UPDATE nofx.gates g SET status = 'expired', decided_at = clock_timestamp()
        WHERE g.team_id = v_gate.team_id AND g.run_id = v_gate.run_id AND g.step_no = v_gate.step_no
          AND g.status = 'pending' AND g.expires_at <= now();
        CONTINUE WHEN NOT FOUND;
        v_count := v_count + 1;
        PERFORM nofx.add_events(v_gate.team_id, v_gate.run_id, ARRAY[v_gate.step_no::integer], '{gate.expired}',
                                '{NULL}');
        PERFORM nofx.end_steps(
            ARRAY[v_gate.team_id], ARRAY[v_gate.run_id], ARRAY[v_gate.step_no::integer], '{failed}', NULL,
            ARRAY['{"code":"gate_expired","message":"No member decided in time."}'], NULL, NULL);
    END LOOP;
    RETURN v_count;
END
$$;
