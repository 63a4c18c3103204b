-- revision: 1

CREATE OR REPLACE FUNCTION nofx.reject_write() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;

-- Best effort: its own subtransaction and 100 ms for locks; NULL instead of an error. A cancelled statement
-- is not caught, because a caller's deadline is not the audit trail's to break.
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

CREATE OR REPLACE FUNCTION nofx.log_denial(
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
