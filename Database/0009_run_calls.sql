-- min-compatible: 1

-- What members and operators do to runs. Permission is part of the statement that writes, under locks that last.

-- For members ------------------------------------------------------------------------------------

-- The caller's membership in a team that is not deleted, held until the transaction ends.
CREATE FUNCTION nofx.my_membership(
    p_team uuid, OUT role text, OUT permissions text[], OUT manages boolean, OUT team_name text
)
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.role, nofx.permissions(m.role, m.permissions), nofx.can_manage(m.role, m.permissions), t.name
    FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
    WHERE t.id = p_team AND t.deleted_at IS NULL AND m.user_id = nofx.me()
    FOR SHARE
$$;

-- Starts a run of a plan that was checked: the run, its steps, what happened, and jobs for what can begin.
--
-- `outcome` is `ok`, `no_member`, `forbidden`, `tools_denied` with the tools that the team may not use, `scopes_denied`
-- with the scopes whose secrets it may not have, or `queue_full` where more jobs wait than is allowed, the team's or all.
-- Dependencies are numbers of steps from 0, in array literals.
CREATE FUNCTION nofx.start_run(
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

-- How many jobs of a tenant wait, ready or delayed: at most so many, topic by topic along the index.
CREATE FUNCTION nofx.waiting_jobs(p_tenant uuid, p_limit integer) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH RECURSIVE topics (topic) AS (
        (SELECT q.topic FROM nofx.queue q WHERE q.state = 'r' ORDER BY q.topic LIMIT 1)
        UNION ALL
        SELECT (SELECT q.topic FROM nofx.queue q WHERE q.state = 'r' AND q.topic > t.topic ORDER BY q.topic LIMIT 1)
        FROM topics t WHERE t.topic IS NOT NULL
    )
    SELECT count(*)::integer FROM (
        SELECT FROM topics t, LATERAL (
            SELECT FROM nofx.queue q WHERE q.topic = t.topic AND q.tenant_id = p_tenant AND q.state = 'r' LIMIT p_limit
        ) j
        UNION ALL
        (SELECT FROM nofx.queue q WHERE q.tenant_id = p_tenant AND q.state = 'd' LIMIT p_limit)
        LIMIT p_limit
    ) waiting
$$;

-- Starts the plan of a run again, as another run. Outcomes are those of start_run, and `no_run`.
CREATE FUNCTION nofx.rerun(
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

-- Cancels a run. `outcome` is `ok`, `no_member`, `forbidden` or `no_run`; a run that has ended, or is being cancelled
-- already, stays as it is and `is_news` is false.
CREATE FUNCTION nofx.cancel_run(
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
CREATE FUNCTION nofx.retry_step(
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

-- Decides a gate: `approved`, `rejected` or `waived`. `outcome` is `ok`; `already` where it was decided the same way;
-- `no_member`, `no_run`, `no_gate`; `forbidden`, where `required` is the role that it takes, or NULL for those
-- who manage the team; `own_run` for whoever started the run, where four eyes are wanted; `no_waiver`; or
-- `conflict`, with what the gate is in `status`.
CREATE FUNCTION nofx.decide_gate(
    p_team uuid, p_run uuid, p_step text, p_decision text, p_reason text, p_origin jsonb,
    OUT outcome text, OUT role text, OUT required text, OUT status text, OUT run_status text, OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_ranks  text[] := '{viewer,member,admin,owner}';
    v_member record;
    v_run    nofx.runs;
    v_gate   nofx.gates;
BEGIN
    IF p_decision NOT IN ('approved', 'rejected', 'waived') THEN
        RAISE EXCEPTION 'there is no such decision' USING ERRCODE = '22023';
    END IF;
    SELECT m.* INTO v_member FROM nofx.my_membership(p_team) m;
    role := v_member.role;
    IF role IS NULL OR NOT 'read' = ANY (v_member.permissions) THEN
        outcome := CASE WHEN role IS NULL THEN 'no_member' ELSE 'forbidden' END;
        RETURN;
    END IF;
    SELECT r.* INTO v_run FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'no_run';
        RETURN;
    END IF;
    SELECT g.* INTO v_gate
    FROM nofx.steps s JOIN nofx.gates g ON g.team_id = s.team_id AND g.run_id = s.run_id AND g.step_no = s.no
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.name = p_step FOR NO KEY UPDATE OF g;
    IF NOT FOUND THEN
        outcome := 'no_gate';
        RETURN;
    END IF;
    required := v_gate.required_role;
    status := CASE WHEN v_gate.status = 'pending' AND v_gate.expires_at <= now() THEN 'expired' ELSE v_gate.status END;
    run_status := v_run.status;
    outcome := CASE
        WHEN CASE WHEN required IS NULL THEN NOT v_member.manages
                  ELSE array_position(v_ranks, role) < array_position(v_ranks, required) END THEN 'forbidden'
        WHEN v_gate.four_eyes AND v_run.created_by = nofx.me() THEN 'own_run'
        WHEN p_decision = 'waived' AND NOT v_gate.allows_waiver THEN 'no_waiver'
        WHEN status = p_decision THEN 'already'
        WHEN status <> 'pending' THEN 'conflict' END;
    IF outcome IS NOT NULL THEN RETURN; END IF;

    UPDATE nofx.gates g SET status = p_decision, decided_by = nofx.me(), decided_at = now(), reason = p_reason
    WHERE g.team_id = p_team AND g.run_id = p_run AND g.step_no = v_gate.step_no;
    PERFORM nofx.add_events(p_team, p_run, ARRAY[v_gate.step_no::integer], ARRAY['gate.' || p_decision],
                            ARRAY[json_strip_nulls(json_build_object('by', nofx.me(), 'reason', p_reason))]);
    PERFORM nofx.end_steps(
        ARRAY[p_team], ARRAY[p_run], ARRAY[v_gate.step_no::integer],
        ARRAY[CASE p_decision WHEN 'rejected' THEN 'failed' ELSE 'succeeded' END],
        ARRAY[CASE WHEN p_decision <> 'rejected' THEN
            json_strip_nulls(json_build_object('decision', p_decision, 'by', nofx.me(), 'reason', p_reason))::text END],
        ARRAY[CASE p_decision WHEN 'rejected' THEN
            '{"code":"gate_rejected","message":"A member decided that it should not go on."}' END],
        NULL, NULL);
    SELECT r.status INTO run_status FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
    status := p_decision;
    outcome := 'ok';
    activity := nofx.log_activity(p_team, v_member.team_name, nofx.me(), 'gate.' || p_decision, 'run', p_run::text,
                                  jsonb_strip_nulls(jsonb_build_object('step', p_step, 'reason', p_reason)), p_origin);
END
$$;

-- For operators ----------------------------------------------------------------------------------

-- Whether a job is a step's that a tool does, by the tool's own name or as the plan has it.
CREATE FUNCTION nofx.is_of_tool(p_job nofx.dead_jobs, p_tool text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_job.run_id IS NOT NULL AND (p_job.topic = replace(p_tool, ':', '.') OR EXISTS (
        SELECT FROM nofx.steps s
        WHERE s.team_id = p_job.tenant_id AND s.run_id = p_job.run_id AND s.no = p_job.step_no AND s.tool = p_tool))
$$;

-- The jobs that were given up, the newest first, those before one: of a topic, a tool, an error and a team, or of all
-- where one is NULL.
CREATE FUNCTION nofx.list_dead_jobs(
    p_topic text, p_tool text, p_code text, p_team uuid, p_limit bigint, p_before timestamptz, p_before_id uuid
) RETURNS TABLE (
    id uuid, tenant_id uuid, run_id uuid, step text, topic text, tool text, attempts smallint, code text, message text,
    enqueued_at timestamptz, died_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.id, d.tenant_id, d.run_id, s.name, d.topic, s.tool, d.attempts, d.error, s.error ->> 'message',
           d.enqueued_at, d.died_at
    FROM nofx.dead_jobs d
    LEFT JOIN nofx.steps s ON s.team_id = d.tenant_id AND s.run_id = d.run_id AND s.no = d.step_no
    WHERE (p_topic IS NULL OR d.topic = p_topic) AND (p_code IS NULL OR d.error = p_code)
      AND (p_team IS NULL OR d.tenant_id = p_team) AND (p_tool IS NULL OR nofx.is_of_tool(d, p_tool))
      AND (p_before IS NULL OR (d.died_at, d.id) < (p_before, p_before_id))
    ORDER BY d.died_at DESC, d.id DESC LIMIT p_limit
$$;

-- Puts jobs that were given up back to work, those first that were given up first: of a topic, or of all where it is
-- NULL, and of a tool, or of all. Steps of deleted teams are left, and those whose run was cancelled or does not let
-- them. Returns how many went back.
CREATE FUNCTION nofx.redrive_jobs(p_topic text, p_tool text, p_limit integer, p_data json) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids  uuid[];
    v_dead nofx.dead_jobs;
    v_done integer := 0;
BEGIN
    -- The runs first and in order, as everywhere. Some more than asked for, because some do not let their steps.
    v_ids := ARRAY(
        SELECT d.id FROM nofx.dead_jobs d
        WHERE (p_topic IS NULL OR d.topic = p_topic)
          AND (p_tool IS NULL OR nofx.is_of_tool(d, p_tool))
          AND (d.run_id IS NULL OR EXISTS (
              SELECT FROM nofx.runs r JOIN nofx.teams t ON t.id = r.team_id AND t.deleted_at IS NULL
              WHERE r.team_id = d.tenant_id AND r.id = d.run_id AND r.cancel_requested_at IS NULL))
        ORDER BY d.died_at, d.id LIMIT p_limit + 500
    );
    PERFORM FROM nofx.runs r
    JOIN (SELECT DISTINCT d.tenant_id, d.run_id FROM nofx.dead_jobs d WHERE d.id = ANY (v_ids)) k
      ON k.tenant_id = r.team_id AND k.run_id = r.id
    ORDER BY r.team_id, r.id FOR NO KEY UPDATE OF r;
    FOR v_dead IN
        SELECT d.* FROM nofx.dead_jobs d WHERE d.id = ANY (v_ids) ORDER BY d.died_at, d.id
    LOOP
        EXIT WHEN v_done >= p_limit;
        IF v_dead.run_id IS NOT NULL THEN
            CONTINUE WHEN EXISTS (SELECT FROM nofx.runs r WHERE r.team_id = v_dead.tenant_id AND r.id = v_dead.run_id
                                  AND r.cancel_requested_at IS NOT NULL);
            v_done := v_done
                + (nofx.reopen_step(v_dead.tenant_id, v_dead.run_id, v_dead.step_no, p_data) = 'ok')::integer;
        ELSE
            DELETE FROM nofx.dead_jobs d WHERE d.id = v_dead.id;
            CONTINUE WHEN NOT FOUND;
            INSERT INTO nofx.queue (id, topic, tenant_id, priority, enqueued_at, payload)
            VALUES (v_dead.id, v_dead.topic, v_dead.tenant_id, v_dead.priority, v_dead.enqueued_at, v_dead.payload);
            v_done := v_done + 1;
        END IF;
    END LOOP;
    RETURN v_done;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA nofx FROM PUBLIC;
