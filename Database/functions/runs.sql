-- revision: 1

-- Starts a run of a plan that was checked: the run, its steps, what happened, and jobs for what can begin.
--
-- `outcome` is `ok`, `no_member`, `forbidden`, `tools_denied` with the tools that the team may not use, `scopes_denied`
-- with the scopes whose secrets it may not have, or `queue_full` where more jobs wait than is allowed, the team's or all.
-- Dependencies are numbers of steps from 0, in array literals.
CREATE OR REPLACE FUNCTION nofx.start_run(
    p_team uuid, p_run uuid, p_goal text, p_rerun_of uuid, p_deadline interval, p_team_limit integer,
    p_total_limit integer, p_names text[], p_tools text[], p_topics text[], p_inputs text[], p_deps text[],
    p_dependents text[], p_continues boolean[], p_priorities integer[], p_max_attempts integer[], p_timeouts integer[],
    p_retry_bases integer[], p_retry_caps integer[], p_delays integer[], p_scopes text[], p_allowed text[],
    p_origin jsonb,
    OUT outcome text, OUT role text, OUT denied text[], OUT created_at timestamptz, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_member record;
    v_roots  smallint[];
    v_jobs   integer;
BEGIN
    SELECT m.* INTO v_member FROM nofx.my_membership(p_team) m;
    role := v_member.role;
    outcome := CASE WHEN v_member.role IS NULL THEN 'no_member'
                    WHEN NOT 'write' = ANY (v_member.permissions) THEN 'forbidden' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;

    SELECT array_agg(DISTINCT t ORDER BY t) INTO denied
    FROM nofx.tool_policies p, unnest(p_tools) AS t WHERE p.team_id = p_team AND t <> ALL (p.tools);
    IF denied IS NOT NULL THEN
        outcome := 'tools_denied';
        RETURN;
    END IF;
    SELECT array_agg(DISTINCT s ORDER BY s) INTO denied
    FROM unnest(p_scopes) AS s
    WHERE s IS NOT NULL
      AND s <> ALL (coalesce((SELECT p.secret_scopes FROM nofx.tool_policies p WHERE p.team_id = p_team), '{}'));
    IF denied IS NOT NULL THEN
        outcome := 'scopes_denied';
        RETURN;
    END IF;

    -- The server's own estimate for all teams: counting a million rows would cost more than it saves.
    IF pg_stat_get_live_tuples('nofx.queue'::regclass) >= p_total_limit
       OR nofx.waiting_jobs(p_team, p_team_limit) >= p_team_limit THEN
        outcome := 'queue_full';
        RETURN;
    END IF;

    created_at := now();
    INSERT INTO nofx.runs (team_id, id, goal, status, steps_total, steps_open, steps_queued, rerun_of, created_by,
                           deadline_s, deadline_at)
    VALUES (p_team, p_run, p_goal, 'running', cardinality(p_names), cardinality(p_names), 0, p_rerun_of, nofx.me(),
            extract(epoch FROM p_deadline), now() + p_deadline);
    INSERT INTO nofx.steps
        (team_id, run_id, no, name, tool, topic, is_gate, status, inputs, deps, dependents, deps_left, continues,
         priority, max_attempts, timeout_s, retry_base_s, retry_cap_s, delay_s, secrets_scope, tools_allowed, queued_at)
    SELECT p_team, p_run, s.place - 1, s.name, s.tool, s.topic, g.is_gate,
           CASE WHEN s.deps <> '{}' THEN 'blocked' WHEN g.is_gate THEN 'waiting' ELSE 'queued' END,
           s.inputs::json, s.deps::smallint[], s.dependents::smallint[], cardinality(s.deps::smallint[]), s.continues,
           s.priority, s.max_attempts, s.timeout, s.base, s.cap, s.delay, s.scope, s.allowed::text[],
           CASE WHEN s.deps = '{}' THEN now() END
    FROM unnest(p_names, p_tools, p_topics, p_inputs, p_deps, p_dependents, p_continues, p_priorities, p_max_attempts,
                p_timeouts, p_retry_bases, p_retry_caps, p_delays, p_scopes, p_allowed) WITH ORDINALITY
         AS s (name, tool, topic, inputs, deps, dependents, continues, priority, max_attempts, timeout, base, cap,
               delay, scope, allowed, place)
    CROSS JOIN LATERAL (SELECT s.tool LIKE 'gate:%' OR s.tool LIKE 'manual:%' AS is_gate) g;

    SELECT array_agg(s.no ORDER BY s.no), count(*) FILTER (WHERE NOT s.is_gate) INTO v_roots, v_jobs
    FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.deps_left = 0;
    PERFORM nofx.release_steps(p_team, p_run, v_roots);
    INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data)
    SELECT p_team, p_run, 1, NULL, 'run.created',
           json_strip_nulls(json_build_object('steps', cardinality(p_names), 'by', nofx.me(), 'rerunOf', p_rerun_of))
    UNION ALL
    SELECT p_team, p_run, 1 + row_number() OVER (ORDER BY s.no), s.no,
           CASE WHEN s.is_gate THEN 'gate.created' ELSE 'step.queued' END, NULL
    FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.deps_left = 0;
    UPDATE nofx.runs r
    SET event_seq = 1 + cardinality(v_roots), steps_queued = v_jobs,
        status = CASE WHEN v_jobs > 0 THEN 'running' ELSE 'waiting' END
    WHERE r.team_id = p_team AND r.id = p_run;
    activity := nofx.log_activity(p_team, v_member.team_name, nofx.me(), 'run.started', 'run', p_run::text,
                                  jsonb_build_object('goal', left(p_goal, 200), 'steps', cardinality(p_names)),
                                  p_origin);
    outcome := 'ok';
END
$$;

-- Starts the plan of a run again, as another run. Outcomes are those of start_run, and `no_run`.
CREATE OR REPLACE FUNCTION nofx.rerun(
    p_team uuid, p_run uuid, p_new uuid, p_team_limit integer, p_total_limit integer, p_origin jsonb,
    OUT outcome text, OUT role text, OUT denied text[], OUT created_at timestamptz, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_run  nofx.runs;
    v_plan record;
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
    SELECT array_agg(s.name ORDER BY s.no) AS names, array_agg(s.tool ORDER BY s.no) AS tools,
           array_agg(s.topic ORDER BY s.no) AS topics, array_agg(s.inputs::text ORDER BY s.no) AS inputs,
           array_agg(s.deps::text ORDER BY s.no) AS deps, array_agg(s.dependents::text ORDER BY s.no) AS dependents,
           array_agg(s.continues ORDER BY s.no) AS continues,
           array_agg(s.priority::integer ORDER BY s.no) AS priorities,
           array_agg(s.max_attempts::integer ORDER BY s.no) AS max_attempts,
           array_agg(s.timeout_s ORDER BY s.no) AS timeouts,
           array_agg(s.retry_base_s ORDER BY s.no) AS bases, array_agg(s.retry_cap_s ORDER BY s.no) AS caps,
           array_agg(s.delay_s ORDER BY s.no) AS delays, array_agg(s.secrets_scope ORDER BY s.no) AS scopes,
           array_agg(s.tools_allowed::text ORDER BY s.no) AS allowed
    INTO v_plan FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run;
    SELECT n.* INTO outcome, role, denied, created_at, activity
    FROM nofx.start_run(
        p_team, p_new, v_run.goal, p_run, make_interval(secs => v_run.deadline_s), p_team_limit, p_total_limit,
        v_plan.names, v_plan.tools, v_plan.topics, v_plan.inputs, v_plan.deps, v_plan.dependents, v_plan.continues,
        v_plan.priorities, v_plan.max_attempts, v_plan.timeouts, v_plan.bases, v_plan.caps, v_plan.delays,
        v_plan.scopes, v_plan.allowed, p_origin) n;
END
$$;

-- Cancels a run whose row the caller has locked: what nobody works on ends at once, and workers learn of it with their
-- next heartbeat.
CREATE OR REPLACE FUNCTION nofx.stop_run(p_team uuid, p_run uuid, p_data json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_gates integer[];
    v_open  integer[];
BEGIN
    UPDATE nofx.runs r SET cancel_requested_at = now(), status = 'cancelling' WHERE r.team_id = p_team AND r.id = p_run;
    PERFORM nofx.add_events(p_team, p_run, ARRAY[NULL::integer], '{run.cancel_requested}', ARRAY[p_data]);
    -- In the order in which heartbeats lock them.
    PERFORM FROM nofx.queue q
    WHERE q.id BETWEEN nofx.step_job(p_run, 0) AND nofx.step_job(p_run, 32767) AND q.run_id = p_run
    ORDER BY q.id FOR UPDATE;
    DELETE FROM nofx.queue q
    WHERE q.id BETWEEN nofx.step_job(p_run, 0) AND nofx.step_job(p_run, 32767) AND q.run_id = p_run AND q.state <> 'l';
    UPDATE nofx.queue q SET is_cancelled = true
    WHERE q.id BETWEEN nofx.step_job(p_run, 0) AND nofx.step_job(p_run, 32767) AND q.run_id = p_run AND q.state = 'l';
    WITH gates AS (
        UPDATE nofx.gates g SET status = 'cancelled', decided_at = now()
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
          AND NOT EXISTS (SELECT FROM nofx.queue q WHERE q.id = nofx.step_job(p_run, s.no))
        ORDER BY s.no
    );
    IF cardinality(v_open) > 0 THEN
        PERFORM nofx.end_steps(
            array_fill(p_team, ARRAY[cardinality(v_open)]), array_fill(p_run, ARRAY[cardinality(v_open)]), v_open,
            array_fill('cancelled'::text, ARRAY[cardinality(v_open)]), NULL, NULL, NULL, NULL);
    END IF;
END
$$;

-- Cancels a run. `outcome` is `ok`, `no_member`, `forbidden` or `no_run`; a run that has ended, or is being cancelled
-- already, stays as it is and `is_news` is false.
CREATE OR REPLACE FUNCTION nofx.cancel_run(
    p_team uuid, p_run uuid, p_origin jsonb,
    OUT outcome text, OUT role text, OUT status text, OUT is_news boolean, OUT activity bigint
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
    is_news := v_run.ended_at IS NULL AND v_run.cancel_requested_at IS NULL;
    IF is_news THEN
        PERFORM nofx.stop_run(p_team, p_run, json_build_object('by', nofx.me()));
        activity := nofx.log_activity(p_team, v_member.team_name, nofx.me(), 'run.cancelled', 'run', p_run::text, '{}',
                                      p_origin);
    END IF;
    SELECT r.status INTO status FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
END
$$;

-- Makes a step that ended without success runnable again. `outcome` is `ok`, `no_member`, `forbidden`, `no_run`,
-- `no_step`, or `conflict` with what forbids it: `cancelling`, `dependencies` or the step's status.
CREATE OR REPLACE FUNCTION nofx.retry_step(
    p_team uuid, p_run uuid, p_step text, p_origin jsonb,
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
    conflict := nullif(nofx.reopen_step(p_team, p_run, v_no, json_build_object('by', nofx.me())), 'ok');
    SELECT r.status INTO status FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
    outcome := CASE WHEN conflict IS NULL THEN 'ok' ELSE 'conflict' END;
    IF outcome = 'ok' THEN
        activity := nofx.log_activity(p_team, v_member.team_name, nofx.me(), 'run.step_retried', 'run', p_run::text,
                                      jsonb_build_object('step', p_step), p_origin);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION nofx.delete_run_contents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM nofx.steps x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.gates x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.events x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.artifacts x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.queue x USING gone
    WHERE x.id BETWEEN nofx.step_job(gone.id, 0) AND nofx.step_job(gone.id, 32767) AND x.run_id = gone.id;
    DELETE FROM nofx.dead_jobs x USING gone
    WHERE x.id BETWEEN nofx.step_job(gone.id, 0) AND nofx.step_job(gone.id, 32767) AND x.run_id = gone.id;
    RETURN NULL;
END
$$;

-- The runs of a team that is deleted are overdue from then on: workers cancel them, so many at a time. Those that a
-- worker has not come to yet go on when the team is restored.
CREATE OR REPLACE FUNCTION nofx.end_runs_of_deleted_team() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM nofx.runs r WHERE r.team_id = NEW.id AND r.ended_at IS NULL ORDER BY r.id FOR NO KEY UPDATE;
    UPDATE nofx.runs r
    SET deadline_at = CASE WHEN NEW.deleted_at IS NOT NULL THEN now()
                           ELSE r.created_at + make_interval(secs => r.deadline_s) END
    WHERE r.team_id = NEW.id AND r.ended_at IS NULL;
    RETURN NULL;
END
$$;
