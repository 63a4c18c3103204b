-- min-compatible: 1

-- Webhooks ---------------------------------------------------------------------------------------

-- Where a team wants to be told what becomes of its runs. What a message is signed with is derived from the id and kept
-- nowhere.
--
-- One message at a time goes to each, so that whoever is slow or dead holds up one deliverer at most. The next may go
-- when it no longer rests: while one is under way, after it failed, and for a while after it took long.
CREATE TABLE nofx.webhooks (
    team_id       uuid NOT NULL REFERENCES nofx.teams (id) ON DELETE CASCADE,
    id            uuid NOT NULL UNIQUE,
    url           text NOT NULL CHECK (octet_length(url) BETWEEN 1 AND 2048),
    events        text[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 100
                                         AND array_position(events, NULL) IS NULL),
    created_by    uuid NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    rests_until   timestamptz NOT NULL DEFAULT now(),
    failures      integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since timestamptz,
    last_error    text CHECK (char_length(last_error) <= 500),
    disabled_at   timestamptz,
    PRIMARY KEY (team_id, id),
    CHECK ((failing_since IS NULL) = (failures = 0))
) WITH (fillfactor = 50);

ALTER TABLE nofx.webhooks ENABLE ROW LEVEL SECURITY;
CREATE POLICY webhooks_seen ON nofx.webhooks FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY webhooks_made ON nofx.webhooks FOR INSERT
    WITH CHECK (created_by = nofx.me() AND team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY webhooks_removed ON nofx.webhooks FOR DELETE USING (team_id IN (SELECT nofx.my_team_ids()));

-- Outbox -----------------------------------------------------------------------------------------

-- The text of a webhook's message is kept as it will be sent, for as long as it may be.
ALTER TABLE nofx.outbox
    ADD COLUMN payload json,
    DROP CONSTRAINT outbox_topic_check,
    ADD CONSTRAINT outbox_topic_check CHECK (topic IN ('invite', 'webhook')),
    ADD CONSTRAINT outbox_payload_check
        CHECK ((payload IS NOT NULL) = (topic = 'webhook' AND status IN ('pending', 'dead')));

-- What waits for one webhook is found without what waits for others, and mail without all of them.
DROP INDEX nofx.outbox_due;
CREATE INDEX outbox_due_invites ON nofx.outbox (due_at) WHERE status = 'pending' AND topic = 'invite';
CREATE INDEX outbox_due_webhooks ON nofx.outbox (subject_id, due_at) WHERE status = 'pending' AND topic = 'webhook';
CREATE INDEX outbox_dead ON nofx.outbox (settled_at) WHERE status = 'dead';

-- Messages are made by what happens, and by nothing that a function says.
DROP POLICY outbox_filled ON nofx.outbox;
CREATE POLICY outbox_filled ON nofx.outbox FOR INSERT
    WITH CHECK (topic = 'invite' AND NOT nofx.is_invite_of_others(subject_id));

-- Of each webhook that messages wait for, the message that is due first; from one to the next by the index, however many
-- there are of each.
CREATE FUNCTION nofx.due_webhooks() RETURNS TABLE (webhook_id uuid, message_id uuid)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE waiting AS (
        (SELECT o.subject_id, o.id, o.due_at FROM nofx.outbox o
         WHERE o.topic = 'webhook' AND o.status = 'pending' ORDER BY o.subject_id, o.due_at LIMIT 1)
        UNION ALL
        SELECT later.* FROM waiting CROSS JOIN LATERAL (
            SELECT o.subject_id, o.id, o.due_at FROM nofx.outbox o
            WHERE o.topic = 'webhook' AND o.status = 'pending' AND o.subject_id > waiting.subject_id
            ORDER BY o.subject_id, o.due_at LIMIT 1
        ) later
    )
    SELECT subject_id, id FROM waiting WHERE due_at <= now()
$$;

-- What waits for a webhook goes with it.
CREATE FUNCTION nofx.drop_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM nofx.outbox o WHERE o.subject_id = old.id AND o.topic = 'webhook';
    RETURN NULL;
END
$$;
CREATE TRIGGER webhooks_drop_messages AFTER DELETE ON nofx.webhooks
    FOR EACH ROW EXECUTE FUNCTION nofx.drop_messages();

-- Events -----------------------------------------------------------------------------------------

-- Has the webhooks of a team be told of what has just happened in its runs, in the transaction in which it did. Where a
-- team has none, this is a look into an index.
--
-- A message's id is made of its webhook's, its run's and its number in the timeline, so that there is one of each.
CREATE FUNCTION nofx.queue_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO nofx.outbox (id, topic, subject_id, payload)
    SELECT md5(w.id || '/' || e.run_id || '/' || e.seq)::uuid, 'webhook', w.id,
           json_build_object(
               'type', e.type, 'timestamp', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'data', json_build_object('teamId', e.team_id, 'runId', e.run_id, 'seq', e.seq, 'step', (
                   SELECT s.name FROM nofx.steps s
                   WHERE s.team_id = e.team_id AND s.run_id = e.run_id AND s.no = e.step_no
               ), 'data', e.data))
    FROM added e JOIN nofx.webhooks w ON w.team_id = e.team_id AND w.disabled_at IS NULL AND e.type = ANY (w.events)
    ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER events_messages AFTER INSERT ON nofx.events REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.queue_messages();

-- Tools ------------------------------------------------------------------------------------------

-- Sets which tools and secrets a team may use, NULL for all tools; what is not to be set stays. Recorded where it changes
-- something. No row where there is no such team: whoever operates is no member, and does not see one.
CREATE FUNCTION nofx.set_tool_policy(
    p_team uuid, p_user uuid, p_sets_tools boolean, p_tools text[], p_sets_scopes boolean, p_scopes text[],
    p_origin jsonb
) RETURNS TABLE (tools text[], secret_scopes text[], is_news boolean, metadata jsonb, activity bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_team   text;
    v_before nofx.tool_policies;
BEGIN
    SELECT t.name INTO v_team FROM nofx.teams t WHERE t.id = p_team AND t.deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT p.* INTO v_before FROM nofx.tool_policies p WHERE p.team_id = p_team FOR NO KEY UPDATE;
    v_before.secret_scopes := coalesce(v_before.secret_scopes, '{}');
    tools := CASE WHEN p_sets_tools THEN p_tools ELSE v_before.tools END;
    secret_scopes := CASE WHEN p_sets_scopes THEN p_scopes ELSE v_before.secret_scopes END;
    is_news := tools IS DISTINCT FROM v_before.tools OR secret_scopes IS DISTINCT FROM v_before.secret_scopes;
    IF is_news THEN
        INSERT INTO nofx.tool_policies AS p VALUES (p_team, tools, secret_scopes)
        ON CONFLICT (team_id) DO UPDATE
        SET tools = excluded.tools, secret_scopes = excluded.secret_scopes, updated_at = clock_timestamp();
        metadata := jsonb_build_object(
            'before', jsonb_build_object('tools', v_before.tools, 'secretScopes', v_before.secret_scopes),
            'after', jsonb_build_object('tools', tools, 'secretScopes', secret_scopes));
        INSERT INTO nofx.operator_actions (user_id, action, subject, before, after,
                                           credential, request_id, ip, user_agent)
        VALUES (p_user, 'tool_policy.set', p_team::text, metadata -> 'before', metadata -> 'after',
                p_origin ->> 'credential', p_origin ->> 'requestId', p_origin ->> 'ip', p_origin ->> 'userAgent');
        activity := nofx.log_activity(p_team, v_team, p_user, 'tool_policy.set', 'tool_policy', p_team::text, metadata,
                                      p_origin);
    END IF;
    RETURN NEXT;
END
$$;

-- Grants -----------------------------------------------------------------------------------------

-- What only workers call: with it one can have, and end, any team's work.
CREATE FUNCTION nofx.worker_functions() RETURNS name[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{claim_jobs,heartbeat_jobs,finish_jobs,cancel_job,start_steps,finish_steps,tend_queue,dead_jobs_of}'::name[]
$$;

-- What both call: they put jobs in, look how many there are, and put back what was given up.
CREATE FUNCTION nofx.queue_functions() RETURNS name[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{enqueue_jobs,queue_counts,redrive_jobs}'::name[]
$$;

-- What workers call beside it, for the calls that steps make to providers.
CREATE FUNCTION nofx.provider_functions() RETURNS name[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(p.proname) FROM pg_proc p
    WHERE p.pronamespace = 'nofx'::regnamespace
      AND (p.proname LIKE 'circuit%' AND p.proname <> 'circuit_set'
           OR p.proname IN ('record_ai_attempt', 'reserve_ai_budget', 'release_ai_budget'))
$$;

-- Gives a role what the functions need, takes back what they no longer do, and nothing to delete or alter that lasts.
-- Members are changed by these columns alone, keys only end, and users are only locked.
CREATE OR REPLACE FUNCTION nofx.grant_to(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_function regprocedure;
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA nofx FROM %I', p_role);
    EXECUTE format('GRANT USAGE ON SCHEMA nofx TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA nofx TO %I', p_role);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION nofx.grant_to(name), nofx.grant_operator_to(name), '
                   'nofx.create_role(name) FROM %I', p_role);
    FOR v_function IN
        SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'nofx'::regnamespace AND p.proname = ANY (nofx.worker_functions())
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I', v_function, p_role);
    END LOOP;
    EXECUTE format('GRANT SELECT ON nofx.migrations, nofx.users, nofx.team_activity, nofx.security_events TO %I',
                   p_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON nofx.teams, nofx.team_invites, nofx.key_sets, '
                   'nofx.idempotency_keys TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON nofx.team_members TO %I', p_role);
    EXECUTE format('GRANT UPDATE (role, permissions, updated_at) ON nofx.team_members TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT ON nofx.api_keys TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON nofx.webhooks TO %I', p_role);
    EXECUTE format('GRANT UPDATE (revoked_at) ON nofx.api_keys TO %I', p_role);
    EXECUTE format('GRANT UPDATE (created_at) ON nofx.users TO %I', p_role);
    EXECUTE format('GRANT INSERT ON nofx.team_invite_tokens, nofx.outbox, nofx.operator_actions TO %I', p_role);
    EXECUTE format('GRANT SELECT ON nofx.circuit_breakers, nofx.circuit_counters, nofx.circuit_windows, '
                   'nofx.ai_usage_daily TO %I', p_role);
    EXECUTE format('GRANT SELECT ON nofx.queue, nofx.runs, nofx.steps, nofx.gates, nofx.events, nofx.artifacts, '
                   'nofx.tool_policies TO %I', p_role);
END
$$;

-- Gives a role what runWorker, deliverOutbox and purge need: they work for all teams, and read no answer, no hash and
-- no activity. One column each may be updated of what is only locked.
CREATE OR REPLACE FUNCTION nofx.grant_operator_to(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_function regprocedure;
    v_table    name;
    v_policy   name := 'operator_' || md5(p_role);
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA nofx FROM %I', p_role);
    EXECUTE format('GRANT USAGE ON SCHEMA nofx TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION nofx.check_version(integer) TO %I', p_role);
    FOR v_function IN
        SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'nofx'::regnamespace
          AND p.proname = ANY (nofx.worker_functions() || nofx.queue_functions() || nofx.provider_functions())
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', v_function, p_role);
    END LOOP;
    EXECUTE format('GRANT SELECT ON nofx.migrations, nofx.queue, nofx.steps, nofx.tool_policies TO %I', p_role);
    EXECUTE format('GRANT SELECT ON nofx.circuit_breakers, nofx.circuit_counters, nofx.circuit_windows TO %I', p_role);
    EXECUTE format('GRANT SELECT (ctid, team_id, id, ended_at), UPDATE (ended_at), DELETE ON nofx.runs TO %I', p_role);
    EXECUTE format('GRANT SELECT (id, run_id, died_at), UPDATE (died_at), DELETE ON nofx.dead_jobs TO %I', p_role);
    EXECUTE format('GRANT SELECT (id, email) ON nofx.users TO %I', p_role);
    EXECUTE format('GRANT SELECT (id, name, deleted_at, purge_after), UPDATE (purge_after), DELETE ON nofx.teams TO %I',
                   p_role);
    EXECUTE format('GRANT SELECT, UPDATE (status, decided_at), DELETE ON nofx.team_invites TO %I', p_role);
    EXECUTE format('GRANT INSERT ON nofx.team_invite_tokens TO %I', p_role);
    EXECUTE format('GRANT SELECT, UPDATE, DELETE ON nofx.outbox TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION nofx.due_webhooks() TO %I', p_role);
    EXECUTE format('GRANT SELECT (id, team_id, url, rests_until, failures, failing_since, disabled_at), '
                   'UPDATE (rests_until, failures, failing_since, last_error, disabled_at) ON nofx.webhooks TO %I',
                   p_role);
    EXECUTE format('GRANT SELECT (ctid, expires_at), UPDATE (expires_at), DELETE ON nofx.idempotency_keys TO %I',
                   p_role);
    EXECUTE format('GRANT SELECT, UPDATE (tat), DELETE ON nofx.rate_limits TO %I', p_role);
    EXECUTE format('GRANT SELECT (id, revoked_at, expires_at), UPDATE (revoked_at), DELETE ON nofx.api_keys TO %I',
                   p_role);
    EXECUTE format('GRANT SELECT (ctid, created_at), UPDATE (created_at), DELETE ON nofx.ai_attempts TO %I', p_role);
    EXECUTE format('GRANT SELECT (call_id, expires_at), UPDATE (expires_at), DELETE ON nofx.ai_reservations TO %I',
                   p_role);
    FOREACH v_table IN ARRAY '{users,teams,team_invites,team_invite_tokens,outbox,idempotency_keys,rate_limits,
                               api_keys,ai_attempts,ai_reservations,queue,dead_jobs,runs,steps,
                               tool_policies,webhooks}'::name[]
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS %I ON nofx.%I', v_policy, v_table);
        EXECUTE format('CREATE POLICY %I ON nofx.%I TO %I USING (true)', v_policy, v_table, p_role);
    END LOOP;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA nofx FROM PUBLIC;

-- Roles that had the grants of before get those of now. Only a role that functions call with may add members, and only
-- an operator's may delete from the outbox.
DO $$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname FROM pg_class c CROSS JOIN aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.oid = 'nofx.team_members'::regclass AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner
    LOOP
        PERFORM nofx.grant_to(v_role);
    END LOOP;
    FOR v_role IN
        SELECT r.rolname FROM pg_class c CROSS JOIN aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.oid = 'nofx.outbox'::regclass AND a.privilege_type = 'DELETE' AND a.grantee <> c.relowner
    LOOP
        PERFORM nofx.grant_operator_to(v_role);
    END LOOP;
END
$$;
