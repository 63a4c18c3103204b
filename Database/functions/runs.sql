-- revision: 1

-- Whether a team may use a tool: as its policy says, if an operator has set the team's tools; else as p_default says,
-- with '*' for all. Where neither is set, the tools that cost money or reach the network are not allowed.
CREATE OR REPLACE FUNCTION nofx.is_tool_allowed(p_tool text, p_tools text[], p_allows_all boolean, p_default text[])
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_tools IS NOT NULL THEN p_tool = ANY (p_tools)
                WHEN p_allows_all THEN true
                WHEN p_default IS NOT NULL THEN '*' = ANY (p_default) OR p_tool = ANY (p_default)
                ELSE p_tool NOT IN ('ai:generate', 'ai:embed', 'codegen', 'http:request') END
$$;

-- Why a plan cannot be started now: all that start_run would refuse, in its order, for startRun and previewRun alike.
-- `tools_denied`, with the tools that the team may not use in `denied`; `scopes_denied`, with the scopes whose secrets
-- it may not use; `queue_full`, where as many jobs wait as the team or all teams together may have; and `storage_full`,
-- where the team's runs would have more than p_byte_limit with the p_bytes of this one. Nothing for a caller who is not a
-- member.
CREATE OR REPLACE FUNCTION nofx.start_refusals(
    p_team uuid, p_tools text[], p_scopes text[], p_team_limit integer, p_total_limit integer,
    p_default_tools text[] DEFAULT NULL, p_bytes bigint DEFAULT 0, p_byte_limit bigint DEFAULT NULL
) RETURNS TABLE (outcome text, denied text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_team NOT IN (SELECT nofx.my_team_ids()) THEN RETURN; END IF;
    outcome := 'tools_denied';
    SELECT array_agg(DISTINCT t ORDER BY t) INTO denied
    FROM unnest(p_tools) AS t LEFT JOIN nofx.tool_policies p ON p.team_id = p_team
    WHERE NOT nofx.is_tool_allowed(t, p.tools, p.allows_all, p_default_tools);
    IF denied IS NOT NULL THEN RETURN NEXT; END IF;

    outcome := 'scopes_denied';
    SELECT array_agg(DISTINCT s ORDER BY s) INTO denied
    FROM unnest(p_scopes) AS s
    WHERE s IS NOT NULL
      AND s <> ALL (coalesce((SELECT p.secret_scopes FROM nofx.tool_policies p WHERE p.team_id = p_team), '{}'));
    IF denied IS NOT NULL THEN RETURN NEXT; END IF;

    -- For all teams the server's own estimate: to count a million rows would cost more than the limit saves.
    IF pg_stat_get_live_tuples('nofx.queue'::regclass) >= p_total_limit
       OR nofx.waiting_jobs(p_team, p_team_limit) >= p_team_limit THEN
        outcome := 'queue_full';
        denied := NULL;
        RETURN NEXT;
    END IF;
    IF p_byte_limit IS NOT NULL AND nofx.stored_bytes(p_team) + p_bytes > p_byte_limit THEN
        outcome := 'storage_full';
        denied := NULL;
        RETURN NEXT;
    END IF;
END
$$;

-- Starts a run of a checked plan: the run, its steps, the events, and the jobs and gates of the steps without a
-- dependency.
--
-- p_steps holds one array for each column of nofx.steps, with an entry for each step in the plan's order: so a thousand
-- steps cost 15 arrays to read, not a thousand objects. `deps` and `dependents` are array literals with numbers of
-- steps from 0, `tools_allowed` and `needs` are array literals; a column without a value for any step may be left out. As json,
-- because jsonb would change the text of the inputs.
--
-- `outcome` is `ok`, `no_member`, `forbidden`, or one of start_refusals.
CREATE OR REPLACE FUNCTION nofx.start_run(
    p_team uuid, p_run uuid, p_goal text, p_rerun_of uuid, p_deadline interval, p_team_limit integer,
    p_total_limit integer, p_steps json, p_origin jsonb, p_default_tools text[] DEFAULT NULL,
    p_byte_limit bigint DEFAULT NULL, p_trace text DEFAULT NULL,
    OUT outcome text, OUT role text, OUT denied text[], OUT created_at timestamptz, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_member record;
    v_steps  record;
    v_roots  smallint[];
    v_jobs   integer;
    v_total  integer;
    v_bytes  bigint := octet_length(p_steps::text);
BEGIN
    SELECT m.* INTO v_member FROM nofx.my_membership(p_team) m;
    role := v_member.role;
    outcome := CASE WHEN v_member.role IS NULL THEN 'no_member'
                    WHEN NOT 'write' = ANY (v_member.permissions) THEN 'forbidden' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;

    SELECT s.* INTO v_steps
    FROM json_to_record(p_steps) AS s (
        name text[], tool text[], topic text[], inputs json[], deps text[], dependents text[], continues boolean[],
        priority smallint[], max_attempts smallint[], timeout_s integer[], retry_base_s integer[],
        retry_cap_s integer[], delay_s integer[], secrets_scope text[], tools_allowed text[], is_idempotent boolean[],
        needs text[]
    );
    v_total := cardinality(v_steps.name);
    SELECT f.outcome, f.denied INTO outcome, denied
    FROM nofx.start_refusals(p_team, v_steps.tool, v_steps.secrets_scope, p_team_limit, p_total_limit,
                             p_default_tools, v_bytes, p_byte_limit) f LIMIT 1;
    IF outcome IS NOT NULL THEN RETURN; END IF;

    created_at := now();
    INSERT INTO nofx.runs (team_id, id, goal, status, steps_total, steps_open, steps_queued, rerun_of, created_by,
                           trace, plan_author, deadline_s, deadline_at, bytes, bytes_limit)
    VALUES (p_team, p_run, p_goal, 'running', v_total, v_total, 0, p_rerun_of, nofx.me(), p_trace,
            (SELECT coalesce(r.plan_author, r.created_by) FROM nofx.runs r
             WHERE r.team_id = p_team AND r.id = p_rerun_of),
            extract(epoch FROM p_deadline), now() + p_deadline, v_bytes, p_byte_limit);
    WITH started AS (
        INSERT INTO nofx.steps AS s
            (team_id, run_id, no, name, tool, topic, is_gate, status, inputs, deps, dependents, deps_left, continues,
             priority, max_attempts, timeout_s, retry_base_s, retry_cap_s, delay_s, secrets_scope, tools_allowed,
             is_idempotent, needs, queued_at)
        SELECT p_team, p_run, n.place - 1, n.name, n.tool, n.topic, n.is_gate,
               CASE WHEN n.deps <> '{}' THEN 'blocked' WHEN n.is_gate THEN 'waiting' ELSE 'queued' END, n.inputs,
               n.deps, n.dependents, cardinality(n.deps), n.continues, n.priority, n.max_attempts, n.timeout_s,
               n.retry_base_s, n.retry_cap_s, n.delay_s, n.secrets_scope, n.tools_allowed,
               n.is_idempotent, n.needs, CASE WHEN n.deps = '{}' THEN now() END
        FROM (
            SELECT u.place, u.name, u.tool, u.topic, u.tool LIKE 'gate:%' OR u.tool LIKE 'manual:%' AS is_gate,
                   u.inputs, u.deps::smallint[] AS deps, u.dependents::smallint[] AS dependents, u.continues,
                   u.priority, u.max_attempts, u.timeout_s, u.retry_base_s, u.retry_cap_s, u.delay_s, u.secrets_scope,
                   u.tools_allowed::text[] AS tools_allowed, coalesce(u.is_idempotent, false) AS is_idempotent,
                   u.needs::text[] AS needs
            FROM unnest(v_steps.name, v_steps.tool, v_steps.topic, v_steps.inputs, v_steps.deps, v_steps.dependents,
                        v_steps.continues, v_steps.priority, v_steps.max_attempts, v_steps.timeout_s,
                        v_steps.retry_base_s, v_steps.retry_cap_s, v_steps.delay_s, v_steps.secrets_scope,
                        v_steps.tools_allowed, v_steps.is_idempotent, v_steps.needs) WITH ORDINALITY
                 AS u (name, tool, topic, inputs, deps, dependents, continues, priority, max_attempts, timeout_s,
                       retry_base_s, retry_cap_s, delay_s, secrets_scope, tools_allowed, is_idempotent, needs, place)
            OFFSET 0  -- each array is parsed once
        ) n
        RETURNING s.no, s.is_gate, s.deps_left
    ), roots AS (
        SELECT s.no, s.is_gate FROM started s WHERE s.deps_left = 0
    ), recorded AS (
        INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data)
        SELECT p_team, p_run, 1, NULL, 'run.created',
               json_strip_nulls(json_build_object('steps', v_total, 'by', nofx.me(), 'rerunOf', p_rerun_of))
        UNION ALL
        SELECT p_team, p_run, 1 + row_number() OVER (ORDER BY r.no), r.no,
               CASE WHEN r.is_gate THEN 'gate.created' ELSE 'step.queued' END, NULL
        FROM roots r
    )
    SELECT array_agg(r.no ORDER BY r.no), count(*) FILTER (WHERE NOT r.is_gate) INTO v_roots, v_jobs FROM roots r;
    PERFORM nofx.release_steps(array_fill(p_team, ARRAY[cardinality(v_roots)]),
                               array_fill(p_run, ARRAY[cardinality(v_roots)]), v_roots);
    UPDATE nofx.runs r
    SET event_seq = 1 + cardinality(v_roots), steps_queued = v_jobs,
        status = CASE WHEN v_jobs > 0 THEN 'running' ELSE 'waiting' END
    WHERE r.team_id = p_team AND r.id = p_run;
    activity := nofx.add_activity(p_team, v_member.team_name, nofx.me(), 'run.started', 'run', p_run::text,
                                  jsonb_build_object('goal', left(p_goal, 200), 'steps', v_total), p_origin);
    outcome := 'ok';
END
$$;

-- Starts the plan of a run again, as a new run. `outcome` is as in start_run, or `no_run`.
CREATE OR REPLACE FUNCTION nofx.rerun(
    p_team uuid, p_run uuid, p_new uuid, p_team_limit integer, p_total_limit integer, p_origin jsonb,
    p_default_tools text[] DEFAULT NULL, p_byte_limit bigint DEFAULT NULL, p_trace text DEFAULT NULL,
    OUT outcome text, OUT role text, OUT denied text[], OUT created_at timestamptz, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_run   nofx.runs;
    v_steps json;
BEGIN
    SELECT m.role INTO role FROM nofx.my_membership(p_team) m;
    IF role IS NULL THEN
        outcome := 'no_member';
        RETURN;
    END IF;
    SELECT r.* INTO v_run FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
    IF NOT FOUND THEN
        outcome := 'no_run';
        RETURN;
    END IF;
    SELECT json_build_object(
               'name', json_agg(s.name ORDER BY s.no), 'tool', json_agg(s.tool ORDER BY s.no),
               'topic', json_agg(s.topic ORDER BY s.no), 'inputs', json_agg(s.inputs ORDER BY s.no),
               'deps', json_agg(s.deps::text ORDER BY s.no), 'dependents', json_agg(s.dependents::text ORDER BY s.no),
               'continues', json_agg(s.continues ORDER BY s.no), 'priority', json_agg(s.priority ORDER BY s.no),
               'max_attempts', json_agg(s.max_attempts ORDER BY s.no),
               'timeout_s', json_agg(s.timeout_s ORDER BY s.no),
               'retry_base_s', json_agg(s.retry_base_s ORDER BY s.no),
               'retry_cap_s', json_agg(s.retry_cap_s ORDER BY s.no), 'delay_s', json_agg(s.delay_s ORDER BY s.no),
               'secrets_scope', json_agg(s.secrets_scope ORDER BY s.no),
               'tools_allowed', json_agg(s.tools_allowed::text ORDER BY s.no),
               'is_idempotent', json_agg(s.is_idempotent ORDER BY s.no),
               'needs', json_agg(s.needs::text ORDER BY s.no))
    INTO v_steps FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run;
    SELECT n.* INTO outcome, role, denied, created_at, activity
    FROM nofx.start_run(p_team, p_new, v_run.goal, p_run, make_interval(secs => v_run.deadline_s), p_team_limit,
                        p_total_limit, v_steps, p_origin, p_default_tools, p_byte_limit, p_trace) n;
END
$$;

-- Cancels a run whose row the caller has locked. Steps that no worker holds end at once; workers learn of it with their
-- next heartbeat.
CREATE OR REPLACE FUNCTION nofx.stop_run(p_team uuid, p_run uuid, p_data json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_gates integer[];
    v_open  integer[];
BEGIN
    UPDATE nofx.runs r SET cancel_requested_at = now(), status = 'cancelling' WHERE r.team_id = p_team AND r.id = p_run;
    PERFORM nofx.add_events(p_team, p_run, ARRAY[NULL::integer], '{run.cancel_requested}', ARRAY[p_data]);
    -- In the order in which heartbeats lock them, so that neither deadlocks the other.
    PERFORM FROM nofx.queue q
    WHERE q.id BETWEEN nofx.step_job_id(p_run, 0) AND nofx.step_job_id(p_run, 32767) AND q.run_id = p_run
    ORDER BY q.id FOR UPDATE;
    DELETE FROM nofx.queue q
    WHERE q.id BETWEEN nofx.step_job_id(p_run, 0) AND nofx.step_job_id(p_run, 32767)
      AND q.run_id = p_run AND q.state <> 'running';
    UPDATE nofx.queue q SET is_cancelled = true
    WHERE q.id BETWEEN nofx.step_job_id(p_run, 0) AND nofx.step_job_id(p_run, 32767)
      AND q.run_id = p_run AND q.state = 'running';
    WITH gates AS (
        UPDATE nofx.gates g SET status = 'cancelled', decided_at = clock_timestamp()
        WHERE g.team_id = p_team AND g.run_id = p_run AND g.status = 'pending' RETURNING g.step_no
    )
    SELECT array_agg(g.step_no::integer ORDER BY g.step_no) INTO v_gates FROM gates g;
    IF v_gates IS NOT NULL THEN
        PERFORM nofx.add_events(p_team, p_run, v_gates, array_fill('gate.cancelled'::text, ARRAY[cardinality(v_gates)]),
                                array_fill(NULL::json, ARRAY[cardinality(v_gates)]));
    END IF;
    v_open := ARRAY(
        SELECT s.no::integer FROM nofx.steps s
        WHERE s.team_id = p_team AND s.run_id = p_run AND s.ended_at IS NULL
          AND s.no <> ALL (ARRAY(
              SELECT q.step_no FROM nofx.queue q
              WHERE q.id BETWEEN nofx.step_job_id(p_run, 0) AND nofx.step_job_id(p_run, 32767) AND q.run_id = p_run))
        ORDER BY s.no
    );
    IF cardinality(v_open) > 0 THEN
        PERFORM nofx.end_steps(
            array_fill(p_team, ARRAY[cardinality(v_open)]), array_fill(p_run, ARRAY[cardinality(v_open)]), v_open,
            array_fill('cancelled'::text, ARRAY[cardinality(v_open)]), NULL, NULL, NULL, NULL);
    END IF;
END
$$;

-- Cancels a run. `outcome` is `ok`, `no_member`, `forbidden` or `no_run`. A run that has ended or is being cancelled
-- stays as it is, and `changes_state` is false.
CREATE OR REPLACE FUNCTION nofx.cancel_run(
    p_team uuid, p_run uuid, p_origin jsonb,
    OUT outcome text, OUT role text, OUT status text, OUT changes_state boolean, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_member record;
    v_run    nofx.runs;
BEGIN
    SELECT m.* INTO v_member FROM nofx.my_membership(p_team) m;
    role := v_member.role;
    outcome := CASE WHEN v_member.role IS NULL THEN 'no_member'
                    WHEN NOT 'write' = ANY (v_member.permissions) THEN 'forbidden' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;
    SELECT r.* INTO v_run FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'no_run';
        RETURN;
    END IF;
    outcome := 'ok';
    changes_state := v_run.ended_at IS NULL AND v_run.cancel_requested_at IS NULL;
    IF changes_state THEN
        PERFORM nofx.stop_run(p_team, p_run, json_build_object('by', nofx.me()));
        activity := nofx.add_activity(p_team, v_member.team_name, nofx.me(), 'run.cancelled', 'run', p_run::text, '{}',
                                      p_origin);
    END IF;
    SELECT r.status INTO status FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
END
$$;

-- Reopens a step that ended without success. `outcome` is `ok`, `no_member`, `forbidden`, `no_run`, `no_step`,
-- `queue_full`, if as many jobs of the team wait as p_team_limit allows, or `conflict` with the reason in `conflict`:
-- `cancelling`, `dependencies` or the step's status.
CREATE OR REPLACE FUNCTION nofx.retry_step(
    p_team uuid, p_run uuid, p_step text, p_origin jsonb, p_team_limit integer DEFAULT NULL,
    OUT outcome text, OUT role text, OUT conflict text, OUT status text, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_member record;
    v_no     smallint;
BEGIN
    SELECT m.* INTO v_member FROM nofx.my_membership(p_team) m;
    role := v_member.role;
    outcome := CASE WHEN v_member.role IS NULL THEN 'no_member'
                    WHEN NOT 'write' = ANY (v_member.permissions) THEN 'forbidden' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;
    PERFORM FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'no_run';
        RETURN;
    END IF;
    SELECT s.no INTO v_no FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.name = p_step;
    IF NOT FOUND THEN
        outcome := 'no_step';
        RETURN;
    END IF;
    IF nofx.waiting_jobs(p_team, p_team_limit) >= p_team_limit THEN
        outcome := 'queue_full';
        RETURN;
    END IF;
    conflict := nullif(nofx.reopen_step(p_team, p_run, v_no, json_build_object('by', nofx.me())), 'ok');
    SELECT r.status INTO status FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
    outcome := CASE WHEN conflict IS NULL THEN 'ok' ELSE 'conflict' END;
    IF outcome = 'ok' THEN
        activity := nofx.add_activity(p_team, v_member.team_name, nofx.me(), 'run.step_retried', 'run', p_run::text,
                                      jsonb_build_object('step', p_step), p_origin);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION nofx.delete_run_contents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nofx.require_table(TG_RELID, 'nofx.runs');
    DELETE FROM nofx.steps x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.gates x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.events x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.artifacts x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.queue x USING gone
    WHERE x.id BETWEEN nofx.step_job_id(gone.id, 0) AND nofx.step_job_id(gone.id, 32767) AND x.run_id = gone.id;
    DELETE FROM nofx.dead_letters x USING gone
    WHERE x.id BETWEEN nofx.step_job_id(gone.id, 0) AND nofx.step_job_id(gone.id, 32767) AND x.run_id = gone.id;
    RETURN NULL;
END
$$;

-- Makes the runs of a deleted team overdue: workers then cancel them, a limited number at a time. If the team is
-- restored, the runs that no worker has cancelled yet go on: with their deadline, or with the plan's whole time where
-- the deadline has passed meanwhile.
CREATE OR REPLACE FUNCTION nofx.end_runs_of_deleted_team() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nofx.require_table(TG_RELID, 'nofx.teams');
    PERFORM FROM nofx.runs r WHERE r.team_id = NEW.id AND r.ended_at IS NULL ORDER BY r.id FOR NO KEY UPDATE;
    UPDATE nofx.runs r
    SET deadline_at = CASE WHEN NEW.deleted_at IS NOT NULL THEN now()
                           WHEN r.deadline_from + make_interval(secs => r.deadline_s) > now()
                               THEN r.deadline_from + make_interval(secs => r.deadline_s)
                           ELSE now() + make_interval(secs => r.deadline_s) END
    WHERE r.team_id = NEW.id AND r.ended_at IS NULL;
    RETURN NULL;
END
$$;
