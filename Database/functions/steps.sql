-- revision: 1

-- The id of a step's job: the run's id, with the step's number in place of its last two bytes. So the jobs of a run
-- are neighbours in the index.
CREATE OR REPLACE FUNCTION nofx.step_job_id(p_run uuid, p_step integer) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(p_run::text, 32) || lpad(to_hex(p_step), 4, '0'))::uuid
$$;

-- Whether the failure of a step is tolerated: its dependents go on, and it does not fail the run. A member's rejection
-- of a gate is final, so `continues` on a gate covers only the expiry.
CREATE OR REPLACE FUNCTION nofx.is_tolerated(p_continues boolean, p_is_gate boolean, p_error json) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_continues AND (NOT p_is_gate OR p_error ->> 'code' IS DISTINCT FROM 'gate_rejected')
$$;

-- Whether steps that depend on this one may start.
CREATE OR REPLACE FUNCTION nofx.is_met(p_status text, p_continues boolean, p_is_gate boolean, p_error json)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_status = 'succeeded'
        OR p_status IN ('failed', 'timed_out') AND nofx.is_tolerated(p_continues, p_is_gate, p_error)
$$;

-- Appends events to a run. The caller has locked the run's row.
CREATE OR REPLACE FUNCTION nofx.add_events(p_team uuid, p_run uuid, p_nos integer[], p_types text[], p_data json[])
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH run AS (
        UPDATE nofx.runs r SET event_seq = r.event_seq + cardinality(p_types)
        WHERE r.team_id = p_team AND r.id = p_run RETURNING r.event_seq
    )
    INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data)
    SELECT p_team, p_run, run.event_seq - cardinality(p_types) + e.place, e.no, e.type, e.data
    FROM run, unnest(p_nos, p_types, p_data) WITH ORDINALITY AS e (no, type, data, place)
$$;

-- Appends events to any number of runs, to each in the order given. The caller has locked the runs' rows.
CREATE OR REPLACE FUNCTION nofx.add_step_events(
    p_teams uuid[], p_runs uuid[], p_nos integer[], p_types text[], p_data json[]
) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
    WITH said AS MATERIALIZED (
        SELECT e.*, row_number() OVER (PARTITION BY e.team_id, e.run_id ORDER BY e.place) AS seq
        FROM unnest(p_teams, p_runs, p_nos, p_types, p_data) WITH ORDINALITY
             AS e (team_id, run_id, no, type, data, place)
    ), moved AS (
        UPDATE nofx.runs r SET event_seq = r.event_seq + k.events
        FROM (SELECT s.team_id, s.run_id, count(*)::integer AS events FROM said s GROUP BY 1, 2) k
        WHERE r.team_id = k.team_id AND r.id = k.run_id
        RETURNING r.team_id, r.id AS run_id, r.event_seq - k.events AS first
    )
    INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data)
    SELECT s.team_id, s.run_id, m.first + s.seq, s.no, s.type, s.data
    FROM said s JOIN moved m ON m.team_id = s.team_id AND m.run_id = s.run_id
$$;

-- Creates what released steps need: a gate for a step that waits for a person, a job for every other. The caller has
-- set their status to `waiting` or `queued`, and adds the events. A job has 0 for the default time limit, which is 600
-- seconds for AI tools and 60 for others.
CREATE OR REPLACE FUNCTION nofx.release_steps(p_teams uuid[], p_runs uuid[], p_nos smallint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
BEGIN
    WITH released AS MATERIALIZED (
        SELECT s.team_id, s.run_id, s.no, s.topic, s.status, s.priority, s.max_attempts, s.delay_s,
               nullif(s.timeout_s, CASE WHEN starts_with(s.topic, 'ai.') THEN 600 ELSE 60 END) AS timeout_s, s.needs,
               CASE s.status WHEN 'waiting' THEN s.inputs END AS gate,
               (SELECT u.trace FROM nofx.runs u WHERE u.team_id = s.team_id AND u.id = s.run_id) AS trace
        FROM unnest(p_teams, p_runs, p_nos) AS r (team_id, run_id, no)
        JOIN nofx.steps s ON s.team_id = r.team_id AND s.run_id = r.run_id AND s.no = r.no
    ), gates AS (
        -- Plans hold the inputs of a gate with every default filled in.
        INSERT INTO nofx.gates AS g
            (team_id, run_id, step_no, required_role, allows_waiver, four_eyes, message, expires_at)
        SELECT r.team_id, r.run_id, r.no, r.gate ->> 'role', (r.gate ->> 'allowWaive')::boolean,
               (r.gate ->> 'fourEyes')::boolean, r.gate ->> 'message',
               now() + make_interval(secs => (r.gate ->> 'expiresInSeconds')::integer)
        FROM released r WHERE r.status = 'waiting'
        ON CONFLICT (team_id, run_id, step_no) DO UPDATE
        SET status = 'pending', created_at = now(), expires_at = excluded.expires_at, decided_by = NULL,
            decided_at = NULL, reason = NULL
    )
    INSERT INTO nofx.queue
        (id, topic, tenant_id, run_id, step_no, priority, state, max_attempts, run_at, timeout_s, needs, trace)
    SELECT nofx.step_job_id(r.run_id, r.no), r.topic, r.team_id, r.run_id, r.no, r.priority,
           CASE WHEN r.delay_s > 0 THEN 'scheduled' ELSE 'available' END, r.max_attempts,
           now() + make_interval(secs => r.delay_s), coalesce(r.timeout_s, 0), r.needs, r.trace
    FROM released r WHERE r.status = 'queued';
END
$$;

-- Ends steps. The caller has locked the rows of their runs and removed their jobs. For any number of steps at once it
-- releases the steps that waited for them, skips the steps that can no longer run, dead-letters the steps that failed,
-- ends the runs without an open step, and adds the events.
--
-- p_started is when the attempt started, where no event says so yet.
CREATE OR REPLACE FUNCTION nofx.end_steps(
    p_teams uuid[], p_runs uuid[], p_nos integer[], p_statuses text[], p_outputs text[], p_errors text[],
    p_attempts integer[], p_started timestamptz[]
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_now      timestamptz := clock_timestamp();
    v_released record;
BEGIN
    WITH RECURSIVE ended AS (
        UPDATE nofx.steps s
        SET status = e.status, outputs = e.outputs::json, error = e.error::json,
            attempt = coalesce(e.attempt, s.attempt), started_at = coalesce(s.started_at, e.started), ended_at = v_now
        FROM unnest(p_teams, p_runs, p_nos, p_statuses, p_outputs, p_errors, p_attempts, p_started)
             AS e (team_id, run_id, no, status, outputs, error, attempt, started)
        WHERE s.team_id = e.team_id AND s.run_id = e.run_id AND s.no = e.no::smallint AND s.ended_at IS NULL
        RETURNING s.team_id, s.run_id, s.no, s.status, s.topic, s.is_gate, s.priority, s.attempt, s.error, s.dependents,
                  nofx.is_tolerated(s.continues, s.is_gate, s.error) AS continues, s.queued_at, e.started,
                  coalesce(octet_length(s.outputs::text), 0) AS bytes,
                  s.status IN ('failed', 'timed_out') AS has_failed
    ), doomed (team_id, run_id, no) AS (
        SELECT e.team_id, e.run_id, unnest(e.dependents) FROM ended e WHERE e.has_failed AND NOT e.continues
        UNION
        SELECT s.team_id, s.run_id, unnest(s.dependents)
        FROM doomed d CROSS JOIN LATERAL (
            SELECT s.* FROM nofx.steps s
            WHERE s.team_id = d.team_id AND s.run_id = d.run_id AND s.no = d.no OFFSET 0
        ) s
    ), skipped AS (
        UPDATE nofx.steps s
        SET status = 'skipped', ended_at = v_now,
            error = '{"code":"upstream_failed","message":"A step that this one depends on did not succeed."}'
        FROM doomed d
        WHERE s.team_id = d.team_id AND s.run_id = d.run_id AND s.no = d.no AND s.status = 'blocked'
        RETURNING s.team_id, s.run_id, s.no
    ), met AS (
        SELECT e.team_id, e.run_id, d.no, count(*)::smallint AS parents
        FROM ended e, unnest(e.dependents) AS d (no)
        WHERE e.status = 'succeeded' OR e.has_failed AND e.continues
        GROUP BY 1, 2, 3
    ), unblocked AS (
        UPDATE nofx.steps s
        SET deps_left = s.deps_left - m.parents,
            status = CASE WHEN s.deps_left > m.parents THEN 'blocked' WHEN s.is_gate THEN 'waiting' ELSE 'queued' END,
            queued_at = CASE WHEN s.deps_left = m.parents THEN v_now END
        FROM met m
        WHERE s.team_id = m.team_id AND s.run_id = m.run_id AND s.no = m.no AND s.status = 'blocked'
          AND NOT EXISTS (SELECT FROM doomed d
                          WHERE d.team_id = m.team_id AND d.run_id = m.run_id AND d.no = m.no)
        RETURNING s.team_id, s.run_id, s.no, s.status
    ), dead_lettered AS (
        INSERT INTO nofx.dead_letters
            (id, topic, tenant_id, run_id, step_no, priority, attempts, error, enqueued_at, dead_lettered_at)
        SELECT nofx.step_job_id(e.run_id, e.no), e.topic, e.team_id, e.run_id, e.no, e.priority, e.attempt,
               coalesce(e.error ->> 'code', e.status), coalesce(e.queued_at, v_now), v_now
        -- A failure that the plan tolerates needs no operator.
        FROM ended e WHERE e.has_failed AND NOT e.is_gate AND NOT e.continues
        ON CONFLICT (id) DO NOTHING
    ), changes (
        team_id, run_id, part, no, place, type, data, at, open, queued, failed, tolerated, cancelled, bytes
    ) AS (
        SELECT e.team_id, e.run_id, 1, e.no, 1, 'step.started', json_build_object('attempt', e.attempt), e.started,
               0, 0, 0, 0, 0, 0
        FROM ended e WHERE e.started IS NOT NULL
        UNION ALL
        SELECT e.team_id, e.run_id, 1, e.no, 2, 'step.' || e.status,
               CASE WHEN e.error IS NOT NULL THEN json_build_object('attempt', e.attempt, 'error', e.error)
                    WHEN NOT e.is_gate THEN json_build_object('attempt', e.attempt) END, v_now,
               -1, CASE WHEN e.is_gate OR e.queued_at IS NULL THEN 0 ELSE -1 END,
               (e.has_failed AND NOT e.continues)::integer, (e.has_failed AND e.continues)::integer,
               (e.status = 'cancelled')::integer, e.bytes
        FROM ended e
        UNION ALL
        SELECT s.team_id, s.run_id, 2, s.no, 1, 'step.skipped', NULL, v_now, -1, 0, 0, 0, 0, 0 FROM skipped s
        UNION ALL
        SELECT u.team_id, u.run_id, 3, u.no, 1, CASE u.status WHEN 'waiting' THEN 'gate.created' ELSE 'step.queued' END,
               NULL, v_now, 0, (u.status = 'queued')::integer, 0, 0, 0, 0
        FROM unblocked u WHERE u.status <> 'blocked'
    ), sums AS (
        SELECT n.team_id, n.run_id, count(*)::integer AS events, sum(n.open)::smallint AS open,
               sum(n.queued)::smallint AS queued, sum(n.failed)::smallint AS failed,
               sum(n.tolerated)::smallint AS tolerated, sum(n.cancelled)::smallint AS cancelled,
               sum(n.bytes) AS bytes
        FROM changes n GROUP BY 1, 2
    ), moved AS (
        UPDATE nofx.runs r
        SET steps_open = r.steps_open + s.open, steps_queued = r.steps_queued + s.queued,
            steps_failed = r.steps_failed + s.failed, steps_tolerated = r.steps_tolerated + s.tolerated,
            steps_cancelled = r.steps_cancelled + s.cancelled,
            bytes = r.bytes + s.bytes,
            event_seq = r.event_seq + s.events + (r.steps_open + s.open = 0)::integer,
            ended_at = CASE WHEN r.steps_open + s.open = 0 THEN v_now END,
            status = CASE
                WHEN r.steps_open + s.open > 0 THEN CASE
                    WHEN r.cancel_requested_at IS NOT NULL THEN 'cancelling'
                    WHEN r.steps_queued + s.queued > 0 THEN 'running'
                    ELSE 'waiting' END
                WHEN r.cancel_requested_at IS NOT NULL OR r.steps_cancelled + s.cancelled > 0 THEN 'cancelled'
                WHEN r.steps_failed + s.failed > 0 THEN 'failed'
                ELSE 'succeeded' END
        FROM sums s WHERE r.team_id = s.team_id AND r.id = s.run_id
        RETURNING r.team_id, r.id AS run_id, r.event_seq AS last, r.ended_at, r.status,
                  r.event_seq - s.events - (r.steps_open = 0)::integer AS first
    ), recorded AS (
        INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data, at)
        SELECT n.team_id, n.run_id,
               m.first + row_number() OVER (PARTITION BY n.team_id, n.run_id ORDER BY n.part, n.no, n.place),
               n.no, n.type, n.data, n.at
        FROM changes n JOIN moved m ON m.team_id = n.team_id AND m.run_id = n.run_id
        UNION ALL
        SELECT m.team_id, m.run_id, m.last, NULL, 'run.' || m.status, NULL, v_now
        FROM moved m WHERE m.ended_at IS NOT NULL
    )
    SELECT array_agg(u.team_id) AS teams, array_agg(u.run_id) AS runs, array_agg(u.no) AS nos INTO v_released
    FROM unblocked u WHERE u.status <> 'blocked';
    IF v_released.nos IS NOT NULL THEN
        PERFORM nofx.release_steps(v_released.teams, v_released.runs, v_released.nos);
    END IF;
END
$$;

-- The steps that depend on some steps, directly or not.
CREATE OR REPLACE FUNCTION nofx.steps_below(p_team uuid, p_run uuid, p_nos smallint[]) RETURNS smallint[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH RECURSIVE below (no) AS (
        SELECT unnest(s.dependents) FROM nofx.steps s
        WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (p_nos)
        UNION
        SELECT unnest(s.dependents)
        FROM below b CROSS JOIN LATERAL (
            SELECT s.dependents FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = b.no OFFSET 0
        ) s
    )
    SELECT coalesce(array_agg(b.no ORDER BY b.no), '{}') FROM below b
$$;

-- Whether a step may be repeated now: its dependencies are met, and so is every gate that it depends on, directly or
-- not. Such a gate may be open again although the steps between have ended.
CREATE OR REPLACE FUNCTION nofx.may_start(p_team uuid, p_run uuid, p_no smallint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH RECURSIVE above (no, is_direct) AS (
        SELECT unnest(s.deps), true FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = p_no
        UNION
        SELECT unnest(s.deps), false
        FROM above a CROSS JOIN LATERAL (
            SELECT s.deps FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = a.no OFFSET 0
        ) s
    )
    SELECT NOT EXISTS (
        SELECT FROM above a CROSS JOIN LATERAL (
            SELECT s.* FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = a.no OFFSET 0
        ) s
        WHERE (a.is_direct OR s.is_gate) AND NOT nofx.is_met(s.status, s.continues, s.is_gate, s.error)
    )
$$;

-- Makes blocked steps wait for reopened steps above them where a step in between has ended and stays so: that step
-- would not hold them back. All wait for the reopened gates p_gates, and gates also wait for the repeated step p_no.
-- The new dependencies follow from those of the plan, so they change the order of no steps.
CREATE OR REPLACE FUNCTION nofx.hold_steps(p_team uuid, p_run uuid, p_no smallint, p_gates smallint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_held record;
BEGIN
    WITH RECURSIVE paths (source, no) AS (
        SELECT x.no, x.no FROM unnest(p_gates || p_no) AS x (no)
        UNION
        SELECT p.source, unnest(s.dependents)
        FROM paths p CROSS JOIN LATERAL (
            SELECT s.status, s.dependents FROM nofx.steps s
            WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = p.no OFFSET 0
        ) s
        WHERE p.no = p.source OR s.status <> 'blocked'
    )
    SELECT array_agg(p.source) AS sources, array_agg(p.no) AS nos INTO v_held
    FROM paths p CROSS JOIN LATERAL (
        SELECT s.status, s.deps, s.is_gate FROM nofx.steps s
        WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = p.no OFFSET 0
    ) s
    WHERE s.status = 'blocked' AND p.source <> p.no AND p.source <> ALL (s.deps) AND (s.is_gate OR p.source <> p_no);
    UPDATE nofx.steps s
    SET dependents = s.dependents
            || ARRAY(SELECT h.no FROM unnest(v_held.sources, v_held.nos) AS h (source, no) WHERE h.source = s.no),
        deps = s.deps
            || ARRAY(SELECT h.source FROM unnest(v_held.sources, v_held.nos) AS h (source, no) WHERE h.no = s.no)
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (v_held.sources || v_held.nos);
END
$$;

-- Reopens a step that ended without success, and the steps that were skipped or cancelled because of it. The caller has
-- locked the run. Returns `ok`, the status of the step or run that forbids it, or `dependencies`.
--
-- The gates below the step are reopened as well: a decision was about the step's old result. Steps below such a gate
-- wait for the new decision unless they have ended; a worker that executes one loses its claim. Steps that have ended
-- with success stay as they are.
CREATE OR REPLACE FUNCTION nofx.reopen_step(p_team uuid, p_run uuid, p_no integer, p_data json) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_run   nofx.runs;
    v_step  nofx.steps;
    v_all   smallint[] := nofx.steps_below(p_team, p_run, ARRAY[p_no::smallint]);
    v_gates smallint[];
    v_below smallint[];
    v_kept  smallint[];
    v_held  smallint[];
    v_jobs  uuid[];
    -- By a step's number from 1. What the planner estimates for a run is out of date, so steps are looked up by key or
    -- by their place in an array.
    v_fine  boolean[];
    v_again boolean[];
    v_met   boolean[];
BEGIN
    SELECT r.* INTO v_run FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
    SELECT s.* INTO v_step FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = p_no;
    IF v_run.cancel_requested_at IS NOT NULL AND v_run.ended_at IS NULL THEN RETURN 'cancelling'; END IF;
    IF v_step.status NOT IN ('failed', 'timed_out', 'cancelled') THEN RETURN v_step.status; END IF;
    IF NOT nofx.may_start(p_team, p_run, v_step.no) THEN RETURN 'dependencies'; END IF;
    SELECT coalesce(array_agg(s.no) FILTER (WHERE s.is_gate AND s.status IN ('waiting', 'succeeded', 'failed')), '{}'),
           coalesce(array_agg(s.no) FILTER (WHERE s.status IN ('skipped', 'cancelled')), '{}')
    INTO v_gates, v_below
    FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (v_all);
    -- A step is reopened only if each of its other dependencies is met, open or reopened, and at least one is reopened.
    -- Any other step would wait for ever, and so would the steps that depend on it.
    SELECT array_agg(nofx.is_met(s.status, s.continues, s.is_gate, s.error) OR s.ended_at IS NULL ORDER BY s.no),
           array_agg(s.no = p_no OR k.no IS NOT NULL ORDER BY s.no)
    INTO v_fine, v_again
    FROM nofx.steps s LEFT JOIN unnest(v_below || v_gates) AS k (no) ON k.no = s.no
    WHERE s.team_id = p_team AND s.run_id = p_run;
    WITH RECURSIVE left_out (no) AS (
        SELECT s.no
        FROM nofx.steps s
        WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (v_below) AND (
            SELECT bool_or(NOT v_again[d.no + 1] AND NOT v_fine[d.no + 1]) OR NOT bool_or(v_again[d.no + 1])
            FROM unnest(s.deps) AS d (no))
        UNION
        SELECT unnest(s.dependents)
        FROM left_out l CROSS JOIN LATERAL (
            SELECT s.dependents FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = l.no OFFSET 0
        ) s
    )
    SELECT coalesce(array_agg(b.no ORDER BY b.no) FILTER (WHERE l.no IS NULL), '{}') INTO v_below
    FROM unnest(v_below) AS b (no) LEFT JOIN left_out l ON l.no = b.no;
    v_held := ARRAY(SELECT s.no FROM nofx.steps s
                    WHERE s.team_id = p_team AND s.run_id = p_run AND s.status = 'queued'
                      AND s.no = ANY (nofx.steps_below(p_team, p_run, v_gates)));
    v_jobs := ARRAY(SELECT nofx.step_job_id(p_run, h.no) FROM unnest(v_held) AS h (no));
    -- In the order in which heartbeats lock them, so that neither deadlocks the other.
    PERFORM FROM nofx.queue q WHERE q.id = ANY (v_jobs) ORDER BY q.id FOR UPDATE;
    DELETE FROM nofx.queue q WHERE q.id = ANY (v_jobs);
    DELETE FROM nofx.gates g WHERE g.team_id = p_team AND g.run_id = p_run AND g.step_no = ANY (v_gates);
    UPDATE nofx.steps s
    SET status = 'blocked', outputs = NULL, error = NULL, attempt = 0, queued_at = NULL, started_at = NULL,
        ended_at = NULL
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (v_below || v_gates || v_held || v_step.no);
    PERFORM nofx.hold_steps(p_team, p_run, v_step.no, v_gates);
    -- Steps that were already blocked are counted anew as well: they may have counted a reopened step as met.
    SELECT array_agg(nofx.is_met(s.status, s.continues, s.is_gate, s.error) ORDER BY s.no) INTO v_met
    FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run;
    UPDATE nofx.steps s
    SET deps_left = (SELECT count(*) FROM unnest(s.deps) AS d (no) WHERE NOT v_met[d.no + 1])
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.status = 'blocked' AND s.no = ANY (v_all);
    UPDATE nofx.steps s
    SET status = CASE WHEN s.is_gate THEN 'waiting' ELSE 'queued' END, deps_left = 0, queued_at = now()
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = p_no;
    DELETE FROM nofx.artifacts a WHERE a.team_id = p_team AND a.run_id = p_run AND a.step_no = p_no;
    DELETE FROM nofx.dead_letters d WHERE d.id = nofx.step_job_id(p_run, p_no);
    UPDATE nofx.runs r
    SET ended_at = NULL, cancel_requested_at = NULL,
        -- A run that had ended gets the plan's whole time again, so that it neither runs without a limit nor ends at
        -- once.
        deadline_from = CASE WHEN v_run.ended_at IS NULL THEN r.deadline_from ELSE now() END,
        deadline_at = CASE WHEN v_run.ended_at IS NULL THEN r.deadline_at
                           ELSE now() + make_interval(secs => r.deadline_s) END,
        (steps_open, steps_queued, steps_failed, steps_tolerated, steps_cancelled, status) = (
            SELECT count(*) FILTER (WHERE s.ended_at IS NULL), count(*) FILTER (WHERE s.status = 'queued'),
                   count(*) FILTER (WHERE s.status IN ('failed', 'timed_out')
                                      AND NOT nofx.is_tolerated(s.continues, s.is_gate, s.error)),
                   count(*) FILTER (WHERE s.status IN ('failed', 'timed_out')
                                      AND nofx.is_tolerated(s.continues, s.is_gate, s.error)),
                   count(*) FILTER (WHERE s.status = 'cancelled'),
                   CASE WHEN count(*) FILTER (WHERE s.status = 'queued') > 0 THEN 'running' ELSE 'waiting' END
            FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run
        )
    WHERE r.team_id = p_team AND r.id = p_run;
    PERFORM nofx.release_steps(ARRAY[p_team], ARRAY[p_run], ARRAY[p_no::smallint]);
    IF v_run.ended_at IS NOT NULL THEN
        PERFORM nofx.add_events(p_team, p_run, ARRAY[NULL::integer], '{run.resumed}', ARRAY[p_data]);
    END IF;
    v_kept := ARRAY(SELECT unnest(v_below || v_gates || v_held) ORDER BY 1);
    PERFORM nofx.add_events(
        p_team, p_run, p_no || v_kept::integer[] || p_no,
        'step.retried'::text
            || ARRAY(SELECT CASE WHEN k.no = ANY (v_gates) THEN 'gate.reopened' ELSE 'step.reopened' END
                     FROM unnest(v_kept) WITH ORDINALITY AS k (no, place) ORDER BY k.place)
            || CASE WHEN v_step.is_gate THEN 'gate.created' ELSE 'step.queued' END,
        p_data || array_fill(NULL::json, ARRAY[cardinality(v_kept) + 1]));
    RETURN 'ok';
END
$$;
