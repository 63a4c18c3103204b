-- min-compatible: 1

-- Messages, written in the transaction that causes them and delivered at least once. A row under delivery is due again
-- later, so that another process takes it if this one dies.
CREATE TABLE nofx.outbox (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    topic      text NOT NULL CHECK (topic IN ('invite', 'webhook')),
    subject_id uuid NOT NULL,
    status     text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dropped', 'dead')),
    attempts   integer NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL DEFAULT now(),
    last_error text CHECK (char_length(last_error) <= 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    payload    json,  -- the text of a message to a webhook, while it may still be sent
    CHECK ((status = 'pending') = (settled_at IS NULL)),
    CONSTRAINT outbox_payload_check
        CHECK ((payload IS NOT NULL) = (topic = 'webhook' AND status IN ('pending', 'dead')))
);
CREATE INDEX outbox_due_invites ON nofx.outbox (due_at) WHERE status = 'pending' AND topic = 'invite';
CREATE INDEX outbox_due_webhooks ON nofx.outbox (subject_id, due_at) WHERE status = 'pending' AND topic = 'webhook';
CREATE INDEX outbox_dead ON nofx.outbox (settled_at) WHERE status = 'dead';
CREATE INDEX outbox_settled ON nofx.outbox (settled_at) WHERE status <> 'pending';
CREATE INDEX outbox_subject ON nofx.outbox (subject_id);

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

ALTER TABLE nofx.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.webhooks ENABLE ROW LEVEL SECURITY;
