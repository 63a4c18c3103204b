-- min-compatible: 1

-- The webhooks of teams. A message's signing key is derived from the webhook's id and stored nowhere.
--
-- A webhook gets one message at a time, so that a slow receiver holds up one delivering process at most. No message is
-- sent before rests_until, which is set while a message is under way, after a failure, and after a slow delivery.
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
