-- revision: 1

-- The API key with an identifier, a secret and an environment, and its user; no row for another secret, nor for a key
-- of the other environment, which the hash does not cover. Only digests of random secrets are compared, so the time
-- that takes reveals nothing. The last use is stored at most once a minute, and not by a statement that would have to
-- wait for another one. An unknown key costs one look-up in an index and writes nothing.
CREATE OR REPLACE FUNCTION nofx.find_api_key(p_id text, p_secret_hash bytea, p_ip text,
                                             p_environment text DEFAULT 'live')
RETURNS TABLE (user_id uuid, issuer text, subject text, team_id uuid, scopes text[], is_live boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT k.user_id, u.issuer, u.subject, k.team_id, k.scopes,
               u.disabled_at IS NULL AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
        FROM nofx.api_keys k JOIN nofx.users u ON u.id = k.user_id
        WHERE k.id = p_id AND k.secret_hash = p_secret_hash AND k.environment = p_environment;
    IF NOT FOUND THEN RETURN; END IF;
    UPDATE nofx.api_keys k SET last_used_at = now(), last_used_ip = left(p_ip, 64)
    WHERE k.id = (SELECT u.id FROM nofx.api_keys u
                  WHERE u.id = p_id AND u.revoked_at IS NULL
                    AND (u.last_used_at IS NULL OR u.last_used_at < now() - interval '1 minute')
                  FOR NO KEY UPDATE SKIP LOCKED);
END
$$;

-- Takes one of the caller's places for calls that wait, for a number of seconds. A place is a row with the time from
-- which it is free again, so a process that dies gives its place back by itself. Raises NX008 when none is free, with the
-- seconds to wait as hint. Returns the number of the place.
CREATE OR REPLACE FUNCTION nofx.take_place(p_places integer, p_seconds integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_key text := nofx.me() || ' waits ';
BEGIN
    IF v_key IS NULL THEN
        RAISE EXCEPTION 'there is no caller' USING ERRCODE = '42501';
    END IF;
    FOR v_place IN 1 .. least(p_places, 1000) LOOP
        INSERT INTO nofx.rate_limits AS r (key, tat)
        VALUES (v_key || v_place, clock_timestamp() + make_interval(secs => least(p_seconds, 60)))
        ON CONFLICT (key) DO UPDATE SET tat = excluded.tat WHERE r.tat <= clock_timestamp();
        IF FOUND THEN RETURN v_place; END IF;
    END LOOP;
    RAISE EXCEPTION 'too many calls wait' USING ERRCODE = 'NX008', HINT = (
        SELECT greatest(1, ceil(extract(epoch FROM min(r.tat) - clock_timestamp())))::integer
        FROM nofx.rate_limits r WHERE r.key = ANY (ARRAY(SELECT v_key || p FROM generate_series(1, p_places) AS p)));
END
$$;

-- Gives back a place of the caller's.
CREATE OR REPLACE FUNCTION nofx.free_place(p_place integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM nofx.rate_limits r WHERE r.key = nofx.me() || ' waits ' || p_place
$$;

-- Opens a call of the caller's that happens once for its idempotency key. Raises NX005 when the key has been used, and
-- NX006 when a call with the key is under way: the second call waits for the lock timeout at most. An expired key
-- counts as new. Only a digest of the input's normal form is kept, so that white space and the order of members do not
-- matter.
CREATE OR REPLACE FUNCTION nofx.begin_once(p_operation text, p_key text, p_input jsonb, p_team uuid)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO nofx.idempotency_keys AS used (user_id, operation, key, fingerprint, team_id)
    VALUES (nofx.me(), p_operation, p_key, nofx.fingerprint(p_input), p_team)
    ON CONFLICT (user_id, operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, team_id = excluded.team_id, needs = NULL, answer = NULL,
        expires_at = excluded.expires_at
    WHERE used.expires_at <= now();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the idempotency key has been used' USING ERRCODE = 'NX005';
    END IF;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'a call with the idempotency key is under way' USING ERRCODE = 'NX006';
END
$$;

CREATE OR REPLACE FUNCTION nofx.fingerprint(p_input jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(p_input::text, 'UTF8'))
$$;

-- Takes one call from an allowance of p_burst calls that grows by one every p_microseconds. Raises NX007 when none is
-- left, with the seconds to wait as hint. Returns how many are left, and the seconds until all are.
--
-- The key belongs to the caller, `<user> <what>`; to one of the caller's teams, `invites <team>`; or to an address that
-- the caller invites, `invites to <SHA-256 of the address>`.
CREATE OR REPLACE FUNCTION nofx.take_rate(p_key text, p_microseconds bigint, p_burst integer)
RETURNS TABLE (remaining integer, reset integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_interval interval := p_microseconds * interval '1 microsecond';
    v_now      timestamptz := clock_timestamp();
    v_tat      timestamptz;
BEGIN
    IF NOT coalesce(starts_with(p_key, nofx.me() || ' '), false)
       AND NOT EXISTS (SELECT FROM nofx.my_team_ids() AS t
                       WHERE p_key = 'invites ' || t OR p_key ~ '^invites to [0-9a-f]{64}$') THEN
        RAISE EXCEPTION 'the rate is not the caller''s' USING ERRCODE = '42501';
    END IF;
    INSERT INTO nofx.rate_limits AS r (key, tat) VALUES (p_key, v_now + v_interval)
    ON CONFLICT (key) DO UPDATE SET tat = greatest(r.tat, clock_timestamp()) + v_interval
    WHERE greatest(r.tat, clock_timestamp()) + v_interval <= clock_timestamp() + v_interval * p_burst
    RETURNING r.tat INTO v_tat;
    v_now := clock_timestamp();
    IF v_tat IS NULL THEN
        SELECT r.tat INTO v_tat FROM nofx.rate_limits r WHERE r.key = p_key;
        RAISE EXCEPTION 'too many calls' USING ERRCODE = 'NX007', CONSTRAINT = p_key, HINT = greatest(1, ceil(extract(
            epoch FROM v_tat + v_interval - v_interval * p_burst - v_now)))::integer;
    END IF;
    RETURN QUERY SELECT
        greatest(0, floor(extract(epoch FROM v_interval * p_burst - (v_tat - v_now)) * 1000000
                          / p_microseconds))::integer,
        greatest(0, ceil(extract(epoch FROM v_tat - v_now)))::integer;
END
$$;
