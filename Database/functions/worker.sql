-- revision: 1

-- What workers call. A worker gets the rows of nofx.queue from claim_jobs.

-- Records that steps have started, for the leases that are still held.
CREATE OR REPLACE FUNCTION nofx.start_steps(p_ids uuid[], p_fences bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_step record;
BEGIN
    PERFORM FROM nofx.runs r
    JOIN (SELECT DISTINCT q.tenant_id, q.run_id FROM nofx.queue q WHERE q.id = ANY (p_ids)) k
      ON k.tenant_id = r.team_id AND k.run_id = r.id
    ORDER BY r.team_id, r.id FOR NO KEY UPDATE OF r;
    FOR v_step IN
        WITH held AS (
            SELECT q.id FROM (SELECT * FROM unnest(p_ids, p_fences) AS l (id, fence) ORDER BY l.id) l
            CROSS JOIN LATERAL (
                SELECT q.id FROM nofx.queue q
                WHERE q.id = l.id AND q.fence = l.fence AND q.lease_until IS NOT NULL AND q.run_id IS NOT NULL
                  AND NOT q.start_recorded FOR NO KEY UPDATE
            ) q
        )
        UPDATE nofx.queue q SET start_recorded = true WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h))
        RETURNING q.tenant_id, q.run_id, q.step_no, q.attempt, q.claimed_at
    LOOP
        UPDATE nofx.steps s SET started_at = coalesce(s.started_at, v_step.claimed_at)
        WHERE s.team_id = v_step.tenant_id AND s.run_id = v_step.run_id AND s.no = v_step.step_no;
        PERFORM nofx.add_events(v_step.tenant_id, v_step.run_id, ARRAY[v_step.step_no::integer], '{step.started}',
                                ARRAY[json_build_object('attempt', v_step.attempt)]);
    END LOOP;
END
$$;

-- Reports the outcomes of steps: `succeeded`; `failed`, without a retry; `cancelled`, which counts if the run is being
-- cancelled; `retry`, after a delay, if attempts are left and the run is not being cancelled; or `released`, to be
-- available again after a delay, as if it had not been claimed. Artifacts are stored in the same transaction as the
-- step's success. Returns the jobs whose report counted.
CREATE OR REPLACE FUNCTION nofx.finish_steps(
    p_ids uuid[], p_fences bigint[], p_outcomes text[], p_outputs text[], p_errors text[], p_delays interval[],
    p_artifact_jobs uuid[], p_artifact_names text[], p_artifact_types text[], p_artifact_hashes bytea[],
    p_artifacts bytea[]
) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_ended record;
    v_step  record;
BEGIN
    PERFORM FROM nofx.runs r
    JOIN (SELECT DISTINCT q.tenant_id, q.run_id FROM nofx.queue q WHERE q.id = ANY (p_ids)) k
      ON k.tenant_id = r.team_id AND k.run_id = r.id
    ORDER BY r.team_id, r.id FOR NO KEY UPDATE OF r;
    -- A step's start is recorded before its artifacts. All jobs are locked in their order before start_steps locks
    -- some.
    IF cardinality(p_artifact_jobs) > 0 THEN
        PERFORM FROM nofx.queue q WHERE q.id = ANY (p_ids) ORDER BY q.id FOR UPDATE;
        PERFORM nofx.start_steps(array_agg(s.id), array_agg(s.fence))
        FROM unnest(p_ids, p_fences) AS s (id, fence) WHERE s.id = ANY (p_artifact_jobs);
    END IF;

    WITH said AS (
        SELECT DISTINCT ON (s.id, s.fence) s.*
        FROM unnest(p_ids, p_fences, p_outcomes, p_outputs, p_errors, p_delays) WITH ORDINALITY
             AS s (id, fence, outcome, outputs, error, delay, place)
        ORDER BY s.id, s.fence, s.place
    ), held AS (
        SELECT q.id, q.tenant_id, q.run_id, q.step_no, q.attempt, s.outputs, s.error, s.delay,
               CASE WHEN q.start_recorded THEN NULL ELSE q.claimed_at END AS started,
               CASE
                   WHEN s.outcome IN ('retry', 'released', 'cancelled') AND q.is_cancelled THEN 'cancelled'
                   WHEN s.outcome = 'cancelled' THEN 'released'
                   WHEN s.outcome <> 'retry' OR q.attempt < q.max_attempts THEN s.outcome
                   WHEN s.error::json ->> 'code' = 'timed_out' THEN 'timed_out'
                   ELSE 'failed'
               END AS outcome
        -- The fencing token: a report of a lost claim changes nothing.
        FROM said s
        CROSS JOIN LATERAL (
            SELECT q.* FROM nofx.queue q
            WHERE q.id = s.id AND q.fence = s.fence AND q.lease_until IS NOT NULL AND q.run_id IS NOT NULL FOR UPDATE
        ) q
    ), kept AS (
        UPDATE nofx.queue q
        -- A job that is released without a delay keeps its place in the queue.
        SET state = CASE WHEN h.delay > interval '0' THEN 'scheduled' ELSE 'available' END, lease_until = NULL,
            run_at = CASE WHEN h.outcome = 'retry' OR h.delay > interval '0' THEN now() + h.delay ELSE q.run_at END,
            attempt = q.attempt - (h.outcome = 'released')::integer
        FROM held h WHERE q.id = h.id AND h.outcome IN ('retry', 'released')
    ), gone AS (
        DELETE FROM nofx.queue q
        WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h WHERE h.outcome NOT IN ('retry', 'released')))
    )
    SELECT array_agg(h.id) AS ids, array_agg(h.tenant_id) FILTER (WHERE e.ends) AS teams,
           array_agg(h.run_id) FILTER (WHERE e.ends) AS runs,
           array_agg(h.step_no::integer) FILTER (WHERE e.ends) AS nos,
           array_agg(h.outcome) FILTER (WHERE e.ends) AS outcomes,
           array_agg(CASE h.outcome WHEN 'succeeded' THEN h.outputs END) FILTER (WHERE e.ends) AS outputs,
           array_agg(CASE WHEN h.outcome IN ('failed', 'timed_out') THEN h.error END)
               FILTER (WHERE e.ends) AS errors,
           array_agg(h.attempt::integer) FILTER (WHERE e.ends) AS attempts,
           array_agg(h.started) FILTER (WHERE e.ends) AS started,
           array_agg(h.id) FILTER (WHERE h.outcome = 'succeeded') AS succeeded,
           array_agg(h.id) FILTER (WHERE h.outcome = 'retry') AS again
    INTO v_ended
    FROM held h CROSS JOIN LATERAL (SELECT h.outcome NOT IN ('retry', 'released') AS ends) e;

    IF cardinality(p_artifact_jobs) > 0 AND v_ended.succeeded IS NOT NULL THEN
        FOR v_step IN
            WITH artifacts AS (
                INSERT INTO nofx.artifacts AS x (team_id, run_id, step_no, name, content_type, sha256, content)
                SELECT DISTINCT ON (h.team_id, h.run_id, h.no, a.name)
                       h.team_id, h.run_id, h.no, a.name, a.type, a.hash, a.content
                FROM unnest(p_artifact_jobs, p_artifact_names, p_artifact_types, p_artifact_hashes, p_artifacts)
                     WITH ORDINALITY AS a (job, name, type, hash, content, place)
                JOIN unnest(v_ended.teams, v_ended.runs, v_ended.nos) AS h (team_id, run_id, no)
                  ON nofx.step_job_id(h.run_id, h.no) = a.job
                WHERE a.job = ANY (v_ended.succeeded)
                -- Of several artifacts with one name, the last.
                ORDER BY h.team_id, h.run_id, h.no, a.name, a.place DESC
                ON CONFLICT (team_id, run_id, step_no, name) DO UPDATE
                SET content_type = excluded.content_type, sha256 = excluded.sha256, content = excluded.content,
                    created_at = excluded.created_at
                RETURNING x.*
            )
            SELECT a.team_id, a.run_id, array_agg(a.step_no::integer ORDER BY a.step_no, a.name) AS nos,
                   array_agg('artifact.created'::text) AS types,
                   array_agg(json_build_object('name', a.name, 'contentType', a.content_type,
                                               'sha256', encode(a.sha256, 'hex'), 'size', octet_length(a.content))
                             ORDER BY a.step_no, a.name) AS data
            FROM artifacts a GROUP BY 1, 2
        LOOP
            PERFORM nofx.add_events(v_step.team_id, v_step.run_id, v_step.nos, v_step.types, v_step.data);
        END LOOP;
    END IF;

    IF v_ended.again IS NOT NULL THEN
        FOR v_step IN
            SELECT q.tenant_id, q.run_id, q.step_no, q.attempt, q.start_recorded, q.claimed_at, s.error, s.delay
            FROM (
                SELECT DISTINCT ON (s.id, s.fence) s.*
                FROM unnest(p_ids, p_fences, p_errors, p_delays) WITH ORDINALITY AS s (id, fence, error, delay, place)
                ORDER BY s.id, s.fence, s.place
            ) s
            JOIN nofx.queue q ON q.id = s.id AND q.fence = s.fence
            WHERE q.id = ANY (v_ended.again)
        LOOP
            UPDATE nofx.steps s
            SET attempt = v_step.attempt, error = v_step.error::json,
                started_at = coalesce(s.started_at, v_step.claimed_at)
            WHERE s.team_id = v_step.tenant_id AND s.run_id = v_step.run_id AND s.no = v_step.step_no;
            IF NOT v_step.start_recorded THEN
                PERFORM nofx.add_events(v_step.tenant_id, v_step.run_id, ARRAY[v_step.step_no::integer],
                                        '{step.started}', ARRAY[json_build_object('attempt', v_step.attempt)]);
            END IF;
            PERFORM nofx.add_events(
                v_step.tenant_id, v_step.run_id, ARRAY[v_step.step_no::integer], '{step.retrying}',
                ARRAY[json_build_object('attempt', v_step.attempt, 'error', v_step.error::json,
                                        'delaySeconds', ceil(extract(epoch FROM v_step.delay)))]);
        END LOOP;
    END IF;

    IF v_ended.teams IS NOT NULL THEN
        PERFORM nofx.end_steps(v_ended.teams, v_ended.runs, v_ended.nos, v_ended.outcomes, v_ended.outputs,
                               v_ended.errors, v_ended.attempts, v_ended.started);
    END IF;
    RETURN QUERY SELECT unnest(v_ended.ids);
END
$$;

-- Maintains the queue: makes scheduled jobs available when they are due, takes jobs from workers whose leases have
-- expired and retries or dead-letters them, expires gates, and cancels runs that have exceeded their deadline. Every
-- worker calls it before it claims, so no separate process is needed. At most p_limit of each kind, and no further run
-- after 5000 steps have ended, so that the runs of one team cannot delay all others.
--
-- p_schedule has the waits before each attempt of a job that is not a step. Where it is NULL, these jobs keep their
-- expired leases, until a caller that knows their schedule comes.
CREATE OR REPLACE FUNCTION nofx.maintain_queue(
    p_limit integer, p_schedule interval[], OUT promoted integer, OUT rescued integer, OUT dead_lettered integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_job  record;
    v_run  record;
    v_work integer := 0;
BEGIN
    -- Runs first, in the order of their jobs' ids: to stop a run may have to wait for a heartbeat, and that heartbeat
    -- must not wait for a row that this transaction has changed. Nothing below waits for a lock.
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
        EXIT WHEN v_work >= 5000;
        v_work := v_work + v_run.steps_open;
        PERFORM nofx.stop_run(v_run.team_id, v_run.id, json_build_object('reason', (
            SELECT CASE WHEN t.deleted_at IS NULL THEN 'deadline' ELSE 'team_deleted' END
            FROM nofx.teams t WHERE t.id = v_run.team_id)));
    END LOOP;

    WITH due AS (
        UPDATE nofx.queue q SET state = 'available'
        WHERE q.id = ANY (ARRAY(
            SELECT d.id FROM nofx.queue d WHERE d.state = 'scheduled' AND d.run_at <= now()
            ORDER BY d.run_at LIMIT p_limit * 10 FOR UPDATE SKIP LOCKED
        ))
        RETURNING q.id
    )
    SELECT count(*) INTO promoted FROM due;

    WITH expired AS (
        SELECT q.id, q.attempt >= cardinality(p_schedule) AS is_last FROM nofx.queue q
        WHERE q.state = 'running' AND q.lease_until <= now() AND q.run_id IS NULL AND p_schedule IS NOT NULL
        ORDER BY q.id LIMIT p_limit FOR UPDATE SKIP LOCKED
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
    SELECT (SELECT count(*) FROM kept), (SELECT count(*) FROM dead) INTO rescued, dead_lettered;

    FOR v_job IN
        WITH expired AS (
            SELECT DISTINCT q.tenant_id, q.run_id FROM nofx.queue q
            WHERE q.state = 'running' AND q.lease_until <= now() AND q.run_id IS NOT NULL
        ), runs AS (
            -- SKIP LOCKED applies before LIMIT: p_limit runs that no other transaction has locked.
            SELECT r.team_id, r.id, r.steps_open
            FROM nofx.runs r JOIN expired e ON e.tenant_id = r.team_id AND e.run_id = r.id
            ORDER BY r.team_id, r.id LIMIT p_limit FOR NO KEY UPDATE OF r SKIP LOCKED
        )
        -- The lease is read again under the lock.
        SELECT q.*, r.steps_open FROM nofx.queue q JOIN runs r ON r.team_id = q.tenant_id AND r.id = q.run_id
        WHERE q.state = 'running' AND q.lease_until <= now() ORDER BY q.id LIMIT p_limit FOR UPDATE OF q SKIP LOCKED
    LOOP
        IF v_job.attempt < v_job.max_attempts AND NOT v_job.is_cancelled THEN
            IF NOT v_job.start_recorded THEN
                PERFORM nofx.add_events(v_job.tenant_id, v_job.run_id, ARRAY[v_job.step_no::integer], '{step.started}',
                                        ARRAY[json_build_object('attempt', v_job.attempt)]);
            END IF;
            UPDATE nofx.queue q SET state = 'available', lease_until = NULL, run_at = now() WHERE q.id = v_job.id;
            UPDATE nofx.steps s
            SET attempt = v_job.attempt, started_at = coalesce(s.started_at, v_job.claimed_at)
            WHERE s.team_id = v_job.tenant_id AND s.run_id = v_job.run_id AND s.no = v_job.step_no;
            PERFORM nofx.add_events(v_job.tenant_id, v_job.run_id, ARRAY[v_job.step_no::integer], '{step.rescued}',
                                    ARRAY[json_build_object('attempt', v_job.attempt)]);
            rescued := rescued + 1;
        ELSE
            CONTINUE WHEN v_work >= 5000;
            v_work := v_work + v_job.steps_open;
            DELETE FROM nofx.queue q WHERE q.id = v_job.id;
            PERFORM nofx.end_steps(
                ARRAY[v_job.tenant_id], ARRAY[v_job.run_id], ARRAY[v_job.step_no::integer],
                ARRAY[CASE WHEN v_job.is_cancelled THEN 'cancelled' ELSE 'failed' END], NULL,
                ARRAY[CASE WHEN NOT v_job.is_cancelled THEN
                    '{"code":"lease_expired","message":"The worker lost its lease."}' END],
                ARRAY[v_job.attempt::integer],
                ARRAY[CASE WHEN NOT v_job.start_recorded THEN v_job.claimed_at END]);
            dead_lettered := dead_lettered + (NOT v_job.is_cancelled)::integer;
        END IF;
    END LOOP;

    FOR v_run IN
        SELECT g.team_id, g.run_id, g.step_no, r.steps_open
        FROM nofx.gates g JOIN nofx.runs r ON r.team_id = g.team_id AND r.id = g.run_id
        WHERE g.status = 'pending' AND g.expires_at <= now()
        ORDER BY g.expires_at LIMIT p_limit FOR NO KEY UPDATE OF r SKIP LOCKED
    LOOP
        EXIT WHEN v_work >= 5000;
        v_work := v_work + v_run.steps_open;
        UPDATE nofx.gates g SET status = 'expired', decided_at = now()
        WHERE g.team_id = v_run.team_id AND g.run_id = v_run.run_id AND g.step_no = v_run.step_no
          AND g.status = 'pending' AND g.expires_at <= now();
        CONTINUE WHEN NOT FOUND;
        PERFORM nofx.add_events(v_run.team_id, v_run.run_id, ARRAY[v_run.step_no::integer], '{gate.expired}', '{NULL}');
        PERFORM nofx.end_steps(
            ARRAY[v_run.team_id], ARRAY[v_run.run_id], ARRAY[v_run.step_no::integer], '{failed}', NULL,
            ARRAY['{"code":"gate_expired","message":"No member decided in time."}'], NULL, NULL);
    END LOOP;
END
$$;

-- Reads the artifacts that the inputs of claimed steps name. `p_readers` numbers the steps; `p_steps` has a step's name,
-- or with `p_exact` false a text that begins with it, a `/` and the artifact's name. Artifacts of a step beyond
-- p_step_limit bytes together are too large; beyond p_claim_limit bytes of all steps, those of all but p_first do not fit.
CREATE OR REPLACE FUNCTION nofx.read_artifacts(
    p_readers bigint[], p_teams uuid[], p_runs uuid[], p_steps text[], p_names text[], p_exact boolean[],
    p_first bigint, p_step_limit bigint, p_claim_limit bigint
) RETURNS TABLE (place bigint, is_too_large boolean, fits boolean, content bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH meant AS (
        SELECT DISTINCT ON (r.place) r.place, r.reader, s.team_id, s.run_id, s.no,
               CASE WHEN r.is_exact THEN r.name ELSE substr(normalize(r.step), char_length(s.name) + 2) END AS name
        FROM unnest(p_readers, p_teams, p_runs, p_steps, p_names, p_exact)
             WITH ORDINALITY AS r (reader, team_id, run_id, step, name, is_exact, place)
        JOIN nofx.steps s ON s.team_id = r.team_id AND s.run_id = r.run_id
         AND CASE WHEN r.is_exact THEN s.name = normalize(r.step)
                  ELSE starts_with(normalize(r.step), s.name || '/') END
        ORDER BY r.place, octet_length(s.name) DESC
    ), sized AS (
        SELECT m.*, octet_length(a.content) AS size,
               sum(octet_length(a.content)) OVER (PARTITION BY m.reader) > p_step_limit AS is_too_large
        FROM meant m JOIN nofx.artifacts a
          ON a.team_id = m.team_id AND a.run_id = m.run_id AND a.step_no = m.no AND a.name = m.name
    ), chosen AS (
        SELECT s.*, s.reader = p_first OR coalesce(
                   sum(s.size) FILTER (WHERE NOT s.is_too_large) OVER (ORDER BY s.place), 0) <= p_claim_limit AS fits
        FROM sized s
    )
    SELECT c.place, c.is_too_large, c.fits,
           CASE WHEN c.fits AND NOT c.is_too_large THEN (
               SELECT a.content FROM nofx.artifacts a
               WHERE a.team_id = c.team_id AND a.run_id = c.run_id AND a.step_no = c.no AND a.name = c.name
           ) END
    FROM chosen c
$$;
