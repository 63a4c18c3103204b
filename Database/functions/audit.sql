-- revision: 1

-- Keeps rows as they are.
CREATE OR REPLACE FUNCTION nofx.reject_write() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % allows no such change', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;

-- Refuses a trigger function that fires for another table than its own. Only the schema's owner may execute trigger
-- functions; this is a second barrier, because they act with the owner's rights on the rows that they are given.
CREATE OR REPLACE FUNCTION nofx.require_table(p_fired regclass, p_own regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_fired <> p_own THEN
        RAISE EXCEPTION 'a trigger of another table' USING ERRCODE = '42501';
    END IF;
END
$$;

-- Records what was done to a team. Best effort: its own subtransaction, 100 ms for locks, and NULL in place of an
-- error. A cancelled statement is not caught, because the caller's deadline comes first.
CREATE OR REPLACE FUNCTION nofx.add_activity(
    p_team          uuid,
    p_team_name     text,
    p_actor         uuid,
    p_action        text,
    p_resource_type text,
    p_resource_id   text,
    p_metadata      jsonb,
    p_origin        jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO nofx.team_activity (team_id, team_name, actor_id, action, resource_type, resource_id, metadata,
                                    credential, request_id, ip, user_agent)
    VALUES (p_team, p_team_name, p_actor, p_action, p_resource_type, p_resource_id, coalesce(p_metadata, '{}'),
            p_origin ->> 'credential', p_origin ->> 'requestId', p_origin ->> 'ip', p_origin ->> 'userAgent')
    RETURNING id INTO v_id;
    RETURN v_id;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'activity not recorded: %', SQLSTATE;
    RETURN NULL;
END
$$;

-- Records what the caller did to a team, as add_activity does. Refuses another actor than the caller, and a team that
-- the caller has nothing to do with: as a member, as the owner of a team that this transaction creates, as a member who
-- leaves in this transaction, or as the holder of an API key for it.
CREATE OR REPLACE FUNCTION nofx.log_activity(
    p_team          uuid,
    p_team_name     text,
    p_actor         uuid,
    p_action        text,
    p_resource_type text,
    p_resource_id   text,
    p_metadata      jsonb,
    p_origin        jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    IF p_actor IS DISTINCT FROM nofx.me() OR NOT (
        EXISTS (SELECT FROM nofx.team_members m WHERE m.team_id = p_team AND m.user_id = p_actor)
        OR EXISTS (SELECT FROM nofx.teams t WHERE t.id = p_team AND t.owner_id = p_actor)
        OR coalesce(current_setting('nofx.left_team', true), '') = p_team::text
        OR EXISTS (SELECT FROM nofx.api_keys k WHERE k.team_id = p_team AND k.user_id = p_actor)
    ) THEN
        RAISE EXCEPTION 'the team is not the caller''s' USING ERRCODE = '42501';
    END IF;
    RETURN nofx.add_activity(p_team, p_team_name, p_actor, p_action, p_resource_type, p_resource_id, p_metadata,
                             p_origin);
END
$$;

-- Remembers the team that the caller leaves for the rest of the transaction, which records that.
CREATE OR REPLACE FUNCTION nofx.remember_departure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nofx.require_table(TG_RELID, 'nofx.team_members');
    IF OLD.user_id = nofx.me() THEN PERFORM set_config('nofx.left_team', OLD.team_id::text, true); END IF;
    RETURN OLD;
END
$$;

-- Counts a denied attempt of the caller. Teams that do not exist are counted together. Without a caller the record names
-- neither a user nor a team.
CREATE OR REPLACE FUNCTION nofx.log_denial(
    p_team uuid, p_action text, p_reason text, p_request_id text, p_ip text, p_credential text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO nofx.security_events AS seen
        (bucket, user_id, team_id, action, reason, request_id, ip, credential)
    VALUES (date_trunc('minute', clock_timestamp()), coalesce(nofx.me()::text, ''),
            coalesce((SELECT t.id::text FROM nofx.teams t WHERE t.id = p_team AND nofx.me() IS NOT NULL), ''),
            p_action, p_reason, left(p_request_id, 64), left(p_ip, 64), left(p_credential, 64))
    ON CONFLICT (user_id, team_id, action, reason, bucket) DO UPDATE
    SET hits = seen.hits + 1, last_at = clock_timestamp(), request_id = excluded.request_id, ip = excluded.ip;
END
$$;
