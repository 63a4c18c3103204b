-- min-compatible: 1

CREATE TABLE nofx.api_keys (
    id           text PRIMARY KEY CHECK (id ~ '^[0-9A-Za-z]{12}$'),
    user_id      uuid NOT NULL REFERENCES nofx.users (id) ON DELETE CASCADE,
    team_id      uuid REFERENCES nofx.teams (id) ON DELETE CASCADE,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- What the key's text says of it is compared with this, because the hash covers the secret alone.
    environment  text NOT NULL DEFAULT 'live' CHECK (environment IN ('live', 'test')),
    secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    scopes       text[] NOT NULL CHECK (scopes <@ '{read,write,delete,admin,admin:ops}'::text[]
                                        AND array_position(scopes, NULL) IS NULL
                                        AND cardinality(scopes) BETWEEN 1 AND 5),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    last_used_ip text,
    -- A key of an operator is not limited to one team.
    CONSTRAINT api_keys_operators_check CHECK (team_id IS NULL OR NOT 'admin:ops' = ANY (scopes))
);
-- Names are compared in NFC, without the variation selectors that choose among the looks of an emoji or an ideograph.
CREATE UNIQUE INDEX api_keys_name ON nofx.api_keys
    (user_id, normalize(regexp_replace(name, '[\u180B-\u180D\u180F\uFE00-\uFE0F\U000E0100-\U000E01EF]', '', 'g'), NFC))
    WHERE revoked_at IS NULL;
CREATE INDEX api_keys_page ON nofx.api_keys (user_id, created_at DESC, id DESC);
CREATE INDEX api_keys_team ON nofx.api_keys (team_id);
-- For purge.
CREATE INDEX api_keys_ended ON nofx.api_keys (least(revoked_at, expires_at))
    WHERE revoked_at IS NOT NULL OR expires_at IS NOT NULL;

-- The last key set from each URL, so that a new process need not fetch it. `tried_at` is the time of the last request.
CREATE TABLE nofx.key_sets (
    url        text PRIMARY KEY CHECK (char_length(url) <= 2048),
    keys       text CHECK (octet_length(keys) <= 262144),
    fetched_at timestamptz,
    tried_at   timestamptz NOT NULL,
    CHECK ((keys IS NULL) = (fetched_at IS NULL))
);

-- Answers of calls with an idempotency key. A row is committed together with the effects of its call, so no other
-- transaction sees a row without an answer.
--
-- An answer about a team is given again only to its members, and only to those who have the permission that it needs;
-- NULL where it needs none.
CREATE TABLE nofx.idempotency_keys (
    user_id     uuid NOT NULL REFERENCES nofx.users (id) ON DELETE CASCADE,
    operation   text NOT NULL,
    key         text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    team_id     uuid,
    needs       text CHECK (needs IN ('read', 'write', 'delete', 'admin')),
    answer      text,
    expires_at  timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (user_id, operation, key)
);
CREATE INDEX idempotency_keys_expiry ON nofx.idempotency_keys (expires_at);

-- The generic cell rate algorithm (ITU-T I.371, appendix): the theoretical arrival time of the next call. A crash of
-- the server clears it, which harms no caller.
CREATE UNLOGGED TABLE nofx.rate_limits (
    key text PRIMARY KEY,
    tat timestamptz NOT NULL
);

ALTER TABLE nofx.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.rate_limits ENABLE ROW LEVEL SECURITY;
