-- revision: 1

-- Whether a job is a step of a tool, which is named by its own name or as in the plan.
CREATE OR REPLACE FUNCTION nofx.is_of_tool(p_job nofx.dead_letters, p_tool text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_job.run_id IS NOT NULL AND (p_job.topic = replace(p_tool, ':', '.') OR EXISTS (
        SELECT FROM nofx.steps s
        WHERE s.team_id = p_job.tenant_id AND s.run_id = p_job.run_id AND s.no = p_job.step_no AND s.tool = p_tool))
$$;

-- Whether a dead letter has a topic, a tool, an error and a team; NULL stands for any. The tenant of a message to a
-- webhook is the webhook, which has a team. Callers inline it.
CREATE OR REPLACE FUNCTION nofx.is_meant(
    p_job nofx.dead_letters, p_topic text, p_tool text, p_code text, p_team uuid
) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT (p_topic IS NULL OR p_job.topic = p_topic) AND (p_code IS NULL OR p_job.error = p_code)
           AND (p_tool IS NULL OR nofx.is_of_tool(p_job, p_tool))
           AND (p_team IS NULL OR p_job.tenant_id = p_team OR p_job.topic = 'webhook' AND EXISTS (
               SELECT FROM nofx.webhooks w WHERE w.id = p_job.tenant_id AND w.team_id = p_team))
$$;

-- Dead letters, the newest first, those before one: of a topic, a tool, an error and a team, or of all where one is
-- NULL. The tenant of a message to a webhook is the webhook; its team is listed. For operators.
CREATE OR REPLACE FUNCTION nofx.list_dead_letters(
    p_topic text, p_tool text, p_code text, p_team uuid, p_limit bigint, p_before timestamptz, p_before_id uuid
) RETURNS TABLE (
    id uuid, tenant_id uuid, run_id uuid, step text, topic text, tool text, attempts smallint, code text, message text,
    enqueued_at timestamptz, dead_lettered_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.id, coalesce(w.team_id, d.tenant_id), d.run_id, s.name, d.topic, s.tool, d.attempts, d.error,
           s.error ->> 'message', d.enqueued_at, d.dead_lettered_at
    FROM nofx.dead_letters d
    LEFT JOIN nofx.steps s ON s.team_id = d.tenant_id AND s.run_id = d.run_id AND s.no = d.step_no
    LEFT JOIN nofx.webhooks w ON d.topic = 'webhook' AND w.id = d.tenant_id
    WHERE (SELECT nofx.require_operator())
      AND nofx.is_meant(d, p_topic, p_tool, p_code, p_team)
      AND (p_before IS NULL OR (d.dead_lettered_at, d.id) < (p_before, p_before_id))
    ORDER BY d.dead_lettered_at DESC, d.id DESC LIMIT p_limit
$$;

-- Puts dead letters back into the queue, the oldest first: of a topic, a tool, an error, a team and of a list of jobs,
-- or of all where one is NULL. Steps of deleted teams, of cancelled runs and of runs that succeeded stay, and steps that
-- cannot be reopened. Steps of a team also stay once as many of its jobs wait as p_team_limit allows. Returns the number
-- of jobs. For operators; the role of their programs redrives mail and messages to webhooks only.
CREATE OR REPLACE FUNCTION nofx.redrive_jobs(
    p_topic text, p_tool text, p_limit integer, p_data json, p_team_limit integer DEFAULT NULL,
    p_code text DEFAULT NULL, p_team uuid DEFAULT NULL, p_ids uuid[] DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids  uuid[];
    v_dead nofx.dead_letters;
    v_done integer := 0;
    v_room jsonb := '{}';
BEGIN
    PERFORM nofx.require_operator();
    IF coalesce(p_topic, '') NOT IN ('mail', 'webhook') AND NOT pg_has_role(session_user, current_user, 'MEMBER')
       AND EXISTS (SELECT FROM nofx.database_roles d JOIN pg_roles r ON r.rolname = d.name
                   WHERE d.kind = 'operator' AND pg_has_role(session_user, r.oid, 'MEMBER')) THEN
        RAISE EXCEPTION 'the role redrives what it delivers' USING ERRCODE = '42501';
    END IF;
    -- Runs are locked first and in order, as everywhere. Some more are read than asked for: some cannot be reopened.
    v_ids := ARRAY(
        SELECT d.id FROM nofx.dead_letters d
        WHERE nofx.is_meant(d, p_topic, p_tool, p_code, p_team) AND (p_ids IS NULL OR d.id = ANY (p_ids))
          AND (d.run_id IS NULL OR EXISTS (
              SELECT FROM nofx.runs r JOIN nofx.teams t ON t.id = r.team_id AND t.deleted_at IS NULL
              WHERE r.team_id = d.tenant_id AND r.id = d.run_id AND r.cancel_requested_at IS NULL
                AND r.status <> 'succeeded'))
        ORDER BY d.dead_lettered_at, d.id LIMIT p_limit + 500
    );
    PERFORM FROM nofx.runs r
    JOIN (SELECT DISTINCT d.tenant_id, d.run_id FROM nofx.dead_letters d WHERE d.id = ANY (v_ids)) k
      ON k.tenant_id = r.team_id AND k.run_id = r.id
    ORDER BY r.team_id, r.id FOR NO KEY UPDATE OF r;
    -- Then the jobs of runs with gates, in the order in which heartbeats lock them: a reopened gate takes jobs back.
    PERFORM FROM (
        SELECT DISTINCT d.run_id FROM nofx.dead_letters d
        WHERE d.id = ANY (v_ids)
          AND EXISTS (SELECT FROM nofx.gates g WHERE g.team_id = d.tenant_id AND g.run_id = d.run_id)
        ORDER BY d.run_id
    ) k CROSS JOIN LATERAL (
        SELECT FROM nofx.queue q
        WHERE q.id BETWEEN nofx.step_job_id(k.run_id, 0) AND nofx.step_job_id(k.run_id, 32767)
        ORDER BY q.id FOR UPDATE
    ) q;
    FOR v_dead IN
        SELECT d.* FROM nofx.dead_letters d WHERE d.id = ANY (v_ids) ORDER BY d.dead_lettered_at, d.id
    LOOP
        EXIT WHEN v_done >= p_limit;
        IF v_dead.run_id IS NOT NULL THEN
            -- A run that succeeded has told its webhooks so, and must not tell them again.
            CONTINUE WHEN EXISTS (SELECT FROM nofx.runs r WHERE r.team_id = v_dead.tenant_id AND r.id = v_dead.run_id
                                  AND (r.cancel_requested_at IS NOT NULL OR r.status = 'succeeded'));
            -- Each team's waiting jobs are counted once.
            IF NOT v_room ? v_dead.tenant_id::text THEN
                v_room := v_room || jsonb_build_object(
                    v_dead.tenant_id, p_team_limit - nofx.waiting_jobs(v_dead.tenant_id, p_team_limit));
            END IF;
            CONTINUE WHEN (v_room ->> v_dead.tenant_id::text)::integer <= 0;
            CONTINUE WHEN nofx.reopen_step(v_dead.tenant_id, v_dead.run_id, v_dead.step_no, p_data) <> 'ok';
            v_room := v_room || jsonb_build_object(
                v_dead.tenant_id, (v_room ->> v_dead.tenant_id::text)::integer - 1);
            v_done := v_done + 1;
        ELSE
            DELETE FROM nofx.dead_letters d WHERE d.id = v_dead.id;
            CONTINUE WHEN NOT FOUND;
            INSERT INTO nofx.queue (id, topic, tenant_id, priority, enqueued_at, payload)
            VALUES (v_dead.id, v_dead.topic, v_dead.tenant_id, v_dead.priority, v_dead.enqueued_at, v_dead.payload);
            v_done := v_done + 1;
        END IF;
    END LOOP;
    RETURN v_done;
END
$$;

-- Sets which tools, secrets and models a team may use; NULL stands for all tools, or all models. A setting that p_sets_… leaves out stays. A
-- change is recorded. No row where the team does not exist: an operator is no member and sees no team. `is_own`
-- says whether an operator has set the team's tools. For operators.
CREATE OR REPLACE FUNCTION nofx.set_tool_policy(
    p_team uuid, p_sets_tools boolean, p_tools text[], p_sets_scopes boolean, p_scopes text[],
    p_origin jsonb, p_sets_models boolean DEFAULT false, p_models text[] DEFAULT NULL
) RETURNS TABLE (
    is_own boolean, tools text[], secret_scopes text[], models text[], changes_state boolean, metadata jsonb,
    activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_team   text;
    v_before nofx.tool_policies;
    v_all    boolean;
BEGIN
    PERFORM nofx.require_operator();
    SELECT t.name INTO v_team FROM nofx.teams t WHERE t.id = p_team AND t.deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT p.* INTO v_before FROM nofx.tool_policies p WHERE p.team_id = p_team FOR NO KEY UPDATE;
    v_before.secret_scopes := coalesce(v_before.secret_scopes, '{}');
    v_before.allows_all := coalesce(v_before.allows_all, false);
    v_all := CASE WHEN p_sets_tools THEN p_tools IS NULL ELSE v_before.allows_all END;
    tools := CASE WHEN p_sets_tools THEN p_tools ELSE v_before.tools END;
    secret_scopes := CASE WHEN p_sets_scopes THEN p_scopes ELSE v_before.secret_scopes END;
    models := CASE WHEN p_sets_models THEN p_models ELSE v_before.models END;
    is_own := v_all OR tools IS NOT NULL;
    changes_state := (v_all, tools, secret_scopes, models)
        IS DISTINCT FROM (v_before.allows_all, v_before.tools, v_before.secret_scopes, v_before.models);
    IF changes_state THEN
        INSERT INTO nofx.tool_policies AS p VALUES (p_team, tools, secret_scopes, v_all, models)
        ON CONFLICT (team_id) DO UPDATE
        SET tools = excluded.tools, allows_all = excluded.allows_all, secret_scopes = excluded.secret_scopes,
            models = excluded.models, updated_at = clock_timestamp();
        metadata := jsonb_build_object(
            'before', jsonb_build_object('tools', v_before.tools, 'secretScopes', v_before.secret_scopes),
            'after', jsonb_build_object('tools', tools, 'secretScopes', secret_scopes));
        IF models IS DISTINCT FROM v_before.models THEN
            metadata := jsonb_build_object(
                'before', (metadata -> 'before') || jsonb_build_object('models', v_before.models),
                'after', (metadata -> 'after') || jsonb_build_object('models', models));
        END IF;
        INSERT INTO nofx.operator_actions (user_id, action, subject, before, after,
                                           credential, request_id, ip, user_agent)
        VALUES (nofx.me(), 'tool_policy.set', p_team::text, metadata -> 'before', metadata -> 'after',
                p_origin ->> 'credential', p_origin ->> 'requestId', p_origin ->> 'ip', p_origin ->> 'userAgent');
        activity := nofx.add_activity(p_team, v_team, nofx.me(), 'tool_policy.set', 'tool_policy', p_team::text,
                                      metadata, p_origin);
    END IF;
    RETURN NEXT;
END
$$;
