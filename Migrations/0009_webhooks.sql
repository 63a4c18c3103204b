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

-- Grants -----------------------------------------------------------------------------------------

-- Gives a role what the functions need, takes back what they no longer do, and nothing to delete or alter that lasts.
-- Members are changed by these columns alone, keys only end, and users are only locked.
CREATE OR REPLACE FUNCTION nofx.grant_to(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA nofx FROM %I', p_role);
    EXECUTE format('GRANT USAGE ON SCHEMA nofx TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA nofx TO %I', p_role);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION nofx.grant_to(name), nofx.grant_operator_to(name), '
                   'nofx.create_role(name) FROM %I', p_role);
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
END
$$;

-- Gives a role what deliverOutbox and purge need: they work for all teams, and read no answer, no hash and no activity.
-- One column each may be updated of what is only locked.
CREATE OR REPLACE FUNCTION nofx.grant_operator_to(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_table  name;
    v_policy name := 'operator_' || md5(p_role);
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA nofx FROM %I', p_role);
    EXECUTE format('GRANT USAGE ON SCHEMA nofx TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION nofx.check_version(integer) TO %I', p_role);
    EXECUTE format('GRANT SELECT ON nofx.migrations TO %I', p_role);
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
                               api_keys,ai_attempts,ai_reservations,webhooks}'::name[]
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
