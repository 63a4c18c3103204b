-- min-compatible: 1

-- API keys ---------------------------------------------------------------------------------------

CREATE TABLE nofx.api_keys (
    id           text PRIMARY KEY CHECK (id ~ '^[0-9A-Za-z]{12}$'),
    user_id      uuid NOT NULL REFERENCES nofx.users (id) ON DELETE CASCADE,
    team_id      uuid REFERENCES nofx.teams (id) ON DELETE CASCADE,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes       text[] NOT NULL CHECK (scopes <@ '{read,write,delete,admin}'::text[]
                                        AND array_position(scopes, NULL) IS NULL
                                        AND cardinality(scopes) BETWEEN 1 AND 4),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    last_used_ip text
);
CREATE UNIQUE INDEX api_keys_name ON nofx.api_keys (user_id, name) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_page ON nofx.api_keys (user_id, created_at DESC, id DESC);
CREATE INDEX api_keys_team ON nofx.api_keys (team_id);

-- The key with an identifier and a secret, and its user; nothing for another secret. The digests of random secrets are
-- compared, so how long that takes tells nobody anything. A use is noted at most once a minute.
CREATE FUNCTION nofx.find_api_key(p_id text, p_secret_hash bytea, p_ip text)
RETURNS TABLE (user_id uuid, issuer text, subject text, team_id uuid, scopes text[], is_live boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE nofx.api_keys k SET last_used_at = now(), last_used_ip = left(p_ip, 64)
    WHERE k.id = p_id AND k.secret_hash = p_secret_hash AND k.revoked_at IS NULL
      AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
    RETURN QUERY
        SELECT k.user_id, u.issuer, u.subject, k.team_id, k.scopes,
               u.disabled_at IS NULL AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
        FROM nofx.api_keys k JOIN nofx.users u ON u.id = k.user_id
        WHERE k.id = p_id AND k.secret_hash = p_secret_hash;
END
$$;

-- Signing keys by URL ----------------------------------------------------------------------------

-- The last good answer of each source, so that a new process need not ask it. `tried_at` is when somebody last asked.
CREATE TABLE nofx.key_sets (
    url        text PRIMARY KEY CHECK (char_length(url) <= 2048),
    keys       text CHECK (octet_length(keys) <= 262144),
    fetched_at timestamptz,
    tried_at   timestamptz NOT NULL,
    CHECK ((keys IS NULL) = (fetched_at IS NULL))
);

-- Idempotency ------------------------------------------------------------------------------------

-- Answers of calls that may be repeated. A row is committed together with what its call did, so one without an answer
-- is never seen by anybody else.
CREATE TABLE nofx.idempotency_keys (
    user_id     uuid NOT NULL REFERENCES nofx.users (id) ON DELETE CASCADE,
    operation   text NOT NULL,
    key         text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    team_id     uuid,
    answer      text,
    expires_at  timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (user_id, operation, key)
);
CREATE INDEX idempotency_keys_expiry ON nofx.idempotency_keys (expires_at);

-- Opens a call that happens once: NX005 when the key has been used, NX006 when a call with it is still under way. A
-- twin waits for the lock timeout at most; a key that has expired is a new key. Of the input only a digest is kept, of
-- its normal form: the order of members and white space make no other call of it.
CREATE FUNCTION nofx.begin_once(p_user uuid, p_operation text, p_key text, p_input jsonb, p_team uuid)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO nofx.idempotency_keys AS used (user_id, operation, key, fingerprint, team_id)
    VALUES (p_user, p_operation, p_key, nofx.fingerprint(p_input), p_team)
    ON CONFLICT (user_id, operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, team_id = excluded.team_id, answer = NULL, expires_at = excluded.expires_at
    WHERE used.expires_at <= now();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the idempotency key has been used' USING ERRCODE = 'NX005';
    END IF;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'a call with the idempotency key is under way' USING ERRCODE = 'NX006';
END
$$;

CREATE FUNCTION nofx.fingerprint(p_input jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(p_input::text, 'UTF8'))
$$;

-- Rate limits ------------------------------------------------------------------------------------

-- The generic cell rate algorithm (ITU-T I.371, appendix): the theoretical arrival time of the next call. A crash of
-- the server forgets it, which costs nobody anything.
CREATE UNLOGGED TABLE nofx.rate_limits (
    key text PRIMARY KEY,
    tat timestamptz NOT NULL
);

-- Takes one of p_burst calls that come back one every p_microseconds: NX007 when there is none, with the seconds
-- to wait as hint. Returns how many are left, and the seconds until all are back.
CREATE FUNCTION nofx.take_rate(p_key text, p_microseconds bigint, p_burst integer)
RETURNS TABLE (remaining integer, reset integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_interval interval := p_microseconds * interval '1 microsecond';
    v_now      timestamptz := clock_timestamp();
    v_tat      timestamptz;
BEGIN
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
