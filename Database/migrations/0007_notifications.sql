-- min-compatible: 1

-- What is to be told to the world because of a transaction, written in that transaction and delivered at least once.
-- A row that is being delivered is due again later: if its deliverer dies, another one takes it then.
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
    payload    json,  -- the text of a webhook's message, as it will be sent, while it may still be sent
    CHECK ((status = 'pending') = (settled_at IS NULL)),
    CONSTRAINT outbox_payload_check
        CHECK ((payload IS NOT NULL) = (topic = 'webhook' AND status IN ('pending', 'dead')))
);
CREATE INDEX outbox_due_invites ON nofx.outbox (due_at) WHERE status = 'pending' AND topic = 'invite';
CREATE INDEX outbox_due_webhooks ON nofx.outbox (subject_id, due_at) WHERE status = 'pending' AND topic = 'webhook';
CREATE INDEX outbox_dead ON nofx.outbox (settled_at) WHERE status = 'dead';
CREATE INDEX outbox_settled ON nofx.outbox (settled_at) WHERE status <> 'pending';
CREATE INDEX outbox_subject ON nofx.outbox (subject_id);

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

ALTER TABLE nofx.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.webhooks ENABLE ROW LEVEL SECURITY;
