-- min-compatible: 1

-- A second wall behind the statements: a role that owns nothing sees the rows of the caller's teams and no others,
-- whatever the statement forgot to ask. Who the caller is, nofx.enter says for the rest of the transaction.
--
-- Functions that read past the policies look names up in pg_catalog and nowhere else: an empty search_path would still
-- find types in the caller's temporary schema first.

-- The caller -------------------------------------------------------------------------------------

CREATE FUNCTION nofx.me() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('nofx.user_id', true), '')::uuid
$$;

-- These read past the policies, which would otherwise ask themselves. In PL/pgSQL, because that keeps its plans for the
-- next call.
CREATE FUNCTION nofx.my_team_ids() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT m.team_id FROM nofx.team_members m WHERE m.user_id = nofx.me();
END
$$;

CREATE FUNCTION nofx.my_teammate_ids() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT b.user_id FROM nofx.team_members a JOIN nofx.team_members b ON b.team_id = a.team_id
        WHERE a.user_id = nofx.me();
END
$$;

-- Who deleted a team may read what was done to it when nobody is its member any more: the one who deleted it last.
CREATE INDEX team_activity_deleted ON nofx.team_activity (actor_id, team_id) WHERE action = 'team.deleted';
CREATE FUNCTION nofx.my_purged_team_ids() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT a.team_id FROM nofx.team_activity a
        WHERE a.action = 'team.deleted' AND a.actor_id = nofx.me()
          AND NOT EXISTS (SELECT FROM nofx.teams t WHERE t.id = a.team_id)
          AND NOT EXISTS (SELECT FROM nofx.team_activity b
                          WHERE b.team_id = a.team_id AND b.id > a.id AND b.action = 'team.deleted');
END
$$;

-- A slug is taken also by a team that the caller does not see.
ALTER FUNCTION nofx.is_slug_free(text) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- Whether an invite is one of a team that is not the caller's; one that the statement itself makes is not there yet.
CREATE FUNCTION nofx.is_invite_of_others(p_invite uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM nofx.team_invites i WHERE i.id = p_invite
                   AND NOT EXISTS (SELECT FROM nofx.team_members m
                                   WHERE m.team_id = i.team_id AND m.user_id = nofx.me()));
END
$$;

-- Refuses a program that does not fit the schema.
CREATE FUNCTION nofx.check_version(p_schema_version integer) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_newest record;
BEGIN
    SELECT version, min_compatible INTO v_newest FROM nofx.migrations ORDER BY version DESC LIMIT 1;
    IF p_schema_version < v_newest.min_compatible THEN
        RAISE EXCEPTION 'the schema is newer than this program understands' USING ERRCODE = 'NX002';
    END IF;
    IF p_schema_version > v_newest.version THEN
        RAISE EXCEPTION 'the schema is older than this program needs' USING ERRCODE = 'NX003';
    END IF;
END
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
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_user        record;
    v_email_taken boolean := false;
BEGIN
    PERFORM nofx.check_version(p_schema_version);

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
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- Counts a denied attempt. Teams that do not exist are counted together.
CREATE INDEX security_events_team ON nofx.security_events (team_id, bucket DESC, user_id, action, reason);
CREATE FUNCTION nofx.log_denial(
    p_user uuid, p_team uuid, p_action text, p_reason text, p_request_id text, p_ip text, p_credential text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

-- Nobody gets into a team alone: there can be no second owner, and nofx.accept_invite makes all other members.
ALTER TABLE nofx.team_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_members_seen ON nofx.team_members FOR SELECT
    USING (user_id = nofx.me() OR team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY team_members_made ON nofx.team_members FOR INSERT
    WITH CHECK (user_id = nofx.me() AND role = 'owner');
CREATE POLICY team_members_changed ON nofx.team_members FOR UPDATE
    USING (user_id = nofx.me() OR team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY team_members_removed ON nofx.team_members FOR DELETE
    USING (user_id = nofx.me() OR team_id IN (SELECT nofx.my_team_ids()));

ALTER TABLE nofx.team_invites ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_invites_of_mine ON nofx.team_invites USING (team_id IN (SELECT nofx.my_team_ids()));

ALTER TABLE nofx.team_invite_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_invite_tokens_made ON nofx.team_invite_tokens FOR INSERT
    WITH CHECK (NOT nofx.is_invite_of_others(invite_id));

ALTER TABLE nofx.outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY outbox_filled ON nofx.outbox FOR INSERT WITH CHECK (NOT nofx.is_invite_of_others(subject_id));

ALTER TABLE nofx.team_activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_activity_of_mine ON nofx.team_activity FOR SELECT
    USING (team_id IN (SELECT nofx.my_team_ids()) OR team_id IN (SELECT nofx.my_purged_team_ids()));

ALTER TABLE nofx.security_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY security_events_of_mine ON nofx.security_events FOR SELECT
    USING (team_id IN (SELECT t::text FROM nofx.my_team_ids() AS t));

ALTER TABLE nofx.api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_keys_seen ON nofx.api_keys FOR SELECT USING (user_id = nofx.me());
CREATE POLICY api_keys_made ON nofx.api_keys FOR INSERT
    WITH CHECK (user_id = nofx.me() AND (team_id IS NULL OR team_id IN (SELECT nofx.my_team_ids())));
CREATE POLICY api_keys_changed ON nofx.api_keys FOR UPDATE USING (user_id = nofx.me());

ALTER TABLE nofx.idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY idempotency_keys_of_mine ON nofx.idempotency_keys USING (user_id = nofx.me());

ALTER TABLE nofx.rate_limits ENABLE ROW LEVEL SECURITY;

-- Retention --------------------------------------------------------------------------------------

-- What purge looks for. Rate limits have no index: it would cost every call, and the table is small.
CREATE INDEX team_invites_expiry ON nofx.team_invites (expires_at) WHERE status = 'pending';
CREATE INDEX team_invites_decided ON nofx.team_invites (decided_at) WHERE status <> 'pending';
CREATE INDEX teams_purge ON nofx.teams (purge_after) WHERE purge_after IS NOT NULL;
CREATE INDEX api_keys_ended ON nofx.api_keys (least(revoked_at, expires_at))
    WHERE revoked_at IS NOT NULL OR expires_at IS NOT NULL;

-- Roles and grants -------------------------------------------------------------------------------

-- Makes a role that can log in and nothing else; whoever operates the database gives it a password.
CREATE FUNCTION nofx.create_role(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION',
                   p_role);
END
$$;

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
    EXECUTE format('GRANT UPDATE (revoked_at) ON nofx.api_keys TO %I', p_role);
    EXECUTE format('GRANT UPDATE (created_at) ON nofx.users TO %I', p_role);
    EXECUTE format('GRANT INSERT ON nofx.team_invite_tokens, nofx.outbox TO %I', p_role);
END
$$;

-- Gives a role what deliverOutbox and purge need: they work for all teams, and read no answer, no hash and no activity.
-- One column each may be updated of what is only locked.
CREATE FUNCTION nofx.grant_operator_to(p_role name) RETURNS void
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
    EXECUTE format('GRANT SELECT (ctid, expires_at), UPDATE (expires_at), DELETE ON nofx.idempotency_keys TO %I',
                   p_role);
    EXECUTE format('GRANT SELECT, UPDATE (tat), DELETE ON nofx.rate_limits TO %I', p_role);
    EXECUTE format('GRANT SELECT (id, revoked_at, expires_at), UPDATE (revoked_at), DELETE ON nofx.api_keys TO %I',
                   p_role);
    FOREACH v_table IN ARRAY '{users,teams,team_invites,team_invite_tokens,outbox,idempotency_keys,rate_limits,
                               api_keys}'::name[]
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS %I ON nofx.%I', v_policy, v_table);
        EXECUTE format('CREATE POLICY %I ON nofx.%I TO %I USING (true)', v_policy, v_table, p_role);
    END LOOP;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA nofx FROM PUBLIC;

-- Roles that had the grants of before get those of now: the functions go on working while this is rolled out.
DO $$
DECLARE
    v_role name;
BEGIN
    FOR v_role IN
        SELECT r.rolname FROM pg_class c CROSS JOIN aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.oid = 'nofx.team_activity'::regclass AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner
    LOOP
        PERFORM nofx.grant_to(v_role);
    END LOOP;
END
$$;
