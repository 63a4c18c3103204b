-- min-compatible: 1

-- A second wall behind the statements: a role that owns nothing sees the rows of the caller's teams and no others,
-- whatever the statement forgot to ask. Who the caller is, nofx.enter says for the rest of the transaction.

-- The caller -------------------------------------------------------------------------------------

CREATE FUNCTION nofx.me() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('nofx.user_id', true), '')::uuid
$$;

-- These read past the policies, which would otherwise ask themselves.
CREATE FUNCTION nofx.my_team_ids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT m.team_id FROM nofx.team_members m WHERE m.user_id = nofx.me()
$$;

CREATE FUNCTION nofx.my_teammate_ids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT b.user_id FROM nofx.team_members a JOIN nofx.team_members b ON b.team_id = a.team_id
    WHERE a.user_id = nofx.me()
$$;

-- Who deleted a team may read what was done to it when nobody is its member any more.
CREATE INDEX team_activity_deleted ON nofx.team_activity (actor_id, team_id) WHERE action = 'team.deleted';
CREATE FUNCTION nofx.my_purged_team_ids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT a.team_id FROM nofx.team_activity a
    WHERE a.action = 'team.deleted' AND a.actor_id = nofx.me()
      AND NOT EXISTS (SELECT FROM nofx.teams t WHERE t.id = a.team_id)
$$;

-- What it was in the first migration, and it now names the caller to the policies. Users are made past them.
CREATE OR REPLACE FUNCTION nofx.enter(
    p_schema_version   integer,
    p_user             uuid,
    p_issuer           text,
    p_subject          text,
    p_email            text,
    p_email_normalized text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    v_user        record;
    v_email_taken boolean := false;
BEGIN
    IF p_schema_version < (SELECT min_compatible FROM nofx.migrations ORDER BY version DESC LIMIT 1) THEN
        RAISE EXCEPTION 'the schema is newer than this program understands' USING ERRCODE = 'NX002';
    END IF;
    IF p_schema_version > (SELECT version FROM nofx.migrations ORDER BY version DESC LIMIT 1) THEN
        RAISE EXCEPTION 'the schema is older than this program needs' USING ERRCODE = 'NX003';
    END IF;

    SELECT issuer, subject, disabled_at INTO v_user FROM nofx.users WHERE id = p_user;
    IF NOT FOUND THEN
        INSERT INTO nofx.users (id, issuer, subject, email, email_normalized, email_verified_at)
        VALUES (p_user, p_issuer, p_subject, p_email, p_email_normalized,
                CASE WHEN p_email IS NOT NULL THEN now() END)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            -- Either a twin of this call was first, or another user has the address.
            INSERT INTO nofx.users (id, issuer, subject) VALUES (p_user, p_issuer, p_subject)
            ON CONFLICT (id) DO NOTHING;
            v_email_taken := FOUND;
        END IF;
        SELECT issuer, subject, disabled_at INTO v_user FROM nofx.users WHERE id = p_user;
    END IF;

    -- A subject that is a UUID is an id as it is: nobody gets in by choosing one that stands for somebody else.
    IF v_user.issuer <> p_issuer OR lower(v_user.subject) <> lower(p_subject) THEN
        RAISE EXCEPTION 'the id is another subject''s' USING ERRCODE = 'NX004';
    END IF;
    IF v_user.disabled_at IS NOT NULL THEN
        RAISE EXCEPTION 'the user is disabled' USING ERRCODE = 'NX001';
    END IF;
    PERFORM set_config('nofx.user_id', p_user::text, true);
    RETURN v_email_taken;
END
$$;

-- Records, which everybody writes and few read ------------------------------------------------------

ALTER FUNCTION nofx.log_activity(uuid, text, uuid, text, text, text, jsonb, jsonb)
    SECURITY DEFINER SET search_path = '';

-- Counts a denied attempt. Teams that do not exist are counted together.
CREATE INDEX security_events_team ON nofx.security_events (team_id, bucket DESC, user_id, action, reason);
CREATE FUNCTION nofx.log_denial(
    p_user uuid, p_team uuid, p_action text, p_reason text, p_request_id text, p_ip text, p_credential text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    INSERT INTO nofx.security_events AS seen
        (bucket, user_id, team_id, action, reason, request_id, ip, credential)
    VALUES (date_trunc('minute', clock_timestamp()), coalesce(p_user::text, ''),
            coalesce((SELECT id::text FROM nofx.teams WHERE id = p_team), ''),
            p_action, p_reason, left(p_request_id, 64), left(p_ip, 64), left(p_credential, 64))
    ON CONFLICT (user_id, team_id, action, reason, bucket) DO UPDATE
    SET hits = seen.hits + 1, last_at = clock_timestamp(), request_id = excluded.request_id, ip = excluded.ip
$$;

-- Policies ---------------------------------------------------------------------------------------

ALTER TABLE nofx.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_seen ON nofx.users FOR SELECT
    USING (id = nofx.me() OR id IN (SELECT nofx.my_teammate_ids()));
CREATE POLICY users_locked ON nofx.users FOR UPDATE USING (id = nofx.me());

-- The owner is named, because a team is returned by the statement that makes it.
ALTER TABLE nofx.teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY teams_seen ON nofx.teams FOR SELECT
    USING (owner_id = nofx.me() OR id IN (SELECT nofx.my_team_ids()));
CREATE POLICY teams_made ON nofx.teams FOR INSERT WITH CHECK (owner_id = nofx.me());
CREATE POLICY teams_changed ON nofx.teams FOR UPDATE USING (id IN (SELECT nofx.my_team_ids())) WITH CHECK (true);

ALTER TABLE nofx.team_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_members_of_mine ON nofx.team_members
    USING (user_id = nofx.me() OR team_id IN (SELECT nofx.my_team_ids()));

ALTER TABLE nofx.team_invites ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_invites_of_mine ON nofx.team_invites USING (team_id IN (SELECT nofx.my_team_ids()));

ALTER TABLE nofx.team_invite_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_invite_tokens_made ON nofx.team_invite_tokens FOR INSERT WITH CHECK (true);

ALTER TABLE nofx.outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY outbox_filled ON nofx.outbox FOR INSERT WITH CHECK (true);

ALTER TABLE nofx.team_activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_activity_of_mine ON nofx.team_activity FOR SELECT
    USING (team_id IN (SELECT nofx.my_team_ids()) OR team_id IN (SELECT nofx.my_purged_team_ids()));

ALTER TABLE nofx.security_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY security_events_of_mine ON nofx.security_events FOR SELECT
    USING (team_id IN (SELECT t::text FROM nofx.my_team_ids() AS t));

ALTER TABLE nofx.api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_keys_of_mine ON nofx.api_keys USING (user_id = nofx.me());

ALTER TABLE nofx.idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY idempotency_keys_of_mine ON nofx.idempotency_keys USING (user_id = nofx.me());

ALTER TABLE nofx.rate_limits ENABLE ROW LEVEL SECURITY;

-- Grants -----------------------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA nofx FROM PUBLIC;

-- Gives a role what the functions need, takes back what they no longer do, and nothing to delete or alter that lasts.
CREATE OR REPLACE FUNCTION nofx.grant_to(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA nofx FROM %I', p_role);
    EXECUTE format('GRANT USAGE ON SCHEMA nofx TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA nofx TO %I', p_role);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION nofx.grant_to(name), nofx.grant_operator_to(name) FROM %I', p_role);
    EXECUTE format('GRANT SELECT ON nofx.migrations, nofx.team_activity, nofx.security_events TO %I', p_role);
    EXECUTE format('GRANT SELECT, UPDATE ON nofx.users TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON nofx.teams, nofx.team_invites, nofx.api_keys, nofx.key_sets, '
                   'nofx.idempotency_keys TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON nofx.team_members TO %I', p_role);
    EXECUTE format('GRANT INSERT ON nofx.team_invite_tokens, nofx.outbox TO %I', p_role);
END
$$;

-- Gives a role what deliverOutbox and purge need: they work for all teams.
CREATE FUNCTION nofx.grant_operator_to(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_table  name;
    v_policy name := left('operator ' || p_role, 63);
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA nofx TO %I', p_role);
    EXECUTE format('GRANT SELECT ON nofx.migrations, nofx.users, nofx.teams TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION nofx.me(), nofx.my_team_ids(), nofx.my_teammate_ids() TO %I', p_role);
    EXECUTE format('GRANT SELECT, UPDATE, DELETE ON nofx.outbox, nofx.team_invites, nofx.teams, nofx.idempotency_keys, '
                   'nofx.rate_limits TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON nofx.team_invite_tokens TO %I', p_role);
    FOREACH v_table IN ARRAY '{users,teams,team_invites,team_invite_tokens,outbox,idempotency_keys,rate_limits}'::name[]
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS %I ON nofx.%I', v_policy, v_table);
        EXECUTE format('CREATE POLICY %I ON nofx.%I TO %I USING (true)', v_policy, v_table, p_role);
    END LOOP;
END
$$;

-- Roles that had the grants of before get those of now: the functions go on working while this is rolled out.
DO $$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE n.nspname = 'nofx' AND a.privilege_type = 'USAGE' AND a.grantee <> n.nspowner
    LOOP
        PERFORM nofx.grant_to(v_role);
    END LOOP;
END
$$;
