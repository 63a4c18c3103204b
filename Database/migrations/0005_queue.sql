-- min-compatible: 1

-- The job queue. Database/functions/queue.sql says how it works.

-- Fencing tokens: one number for each claim.
CREATE SEQUENCE nofx.queue_fences;

-- A zero tenant stands for none. A job is a step of a run, whose work is described by the step, or it has a payload.
-- The payload is json, because jsonb would change its text.
CREATE TABLE nofx.queue (
    id             uuid PRIMARY KEY,
    topic          text NOT NULL,
    tenant_id      uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    run_id         uuid,
    step_no        smallint,
    priority       smallint NOT NULL DEFAULT 0,
    state          text NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'scheduled', 'running')),
    attempt        smallint NOT NULL DEFAULT 0,
    max_attempts   smallint,
    is_cancelled   boolean NOT NULL DEFAULT false,
    has_begun      boolean NOT NULL DEFAULT false,  -- whether the claimed step has begun, so that its attempt counts
    timeout_s      integer NOT NULL DEFAULT 0,      -- as in nofx.steps; 0: the default, which workers cut
    needs          text[],                          -- as in nofx.steps
    run_at         timestamptz NOT NULL DEFAULT now(),
    enqueued_at    timestamptz NOT NULL DEFAULT now(),
    claimed_at     timestamptz,
    lease_until    timestamptz,
    fence          bigint NOT NULL DEFAULT 0,
    error          text,
    payload        json,
    -- The text that a running step has written so far, for those who watch its run; NULL where no one does.
    text           text,
    text_at        timestamptz,
    watched_until  timestamptz,
    -- The trace of the call that caused the job: `traceparent`, and after a space `tracestate` (W3C Trace Context).
    trace          text,
    CHECK ((run_id IS NULL) = (step_no IS NULL)),
    CHECK ((run_id IS NULL) = (payload IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);

-- Scheduled and running jobs are not in the index that claims read. lease_until has no index, so that a heartbeat
-- writes the row alone.
-- timeout_s is the last column, so that a claim passes by steps that are too long for it without reading their rows.
CREATE INDEX queue_available ON nofx.queue (topic, tenant_id, priority, run_at, id, timeout_s)
    WHERE state = 'available';
CREATE INDEX queue_scheduled ON nofx.queue (run_at) WHERE state = 'scheduled';
CREATE INDEX queue_scheduled_of_tenant ON nofx.queue (tenant_id, topic) WHERE state = 'scheduled';
CREATE INDEX queue_running ON nofx.queue (topic, tenant_id) WHERE state = 'running';

-- Dead letters: jobs that failed for good.
CREATE TABLE nofx.dead_letters (
    id               uuid PRIMARY KEY,
    topic            text NOT NULL,
    tenant_id        uuid NOT NULL,
    run_id           uuid,
    step_no          smallint,
    priority         smallint NOT NULL,
    attempts         smallint NOT NULL,
    error            text NOT NULL,
    enqueued_at      timestamptz NOT NULL,
    dead_lettered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    payload          json
);
CREATE INDEX dead_letters_topic ON nofx.dead_letters (topic, dead_lettered_at, id);
CREATE INDEX dead_letters_age ON nofx.dead_letters (dead_lettered_at, id);
CREATE INDEX dead_letters_of_webhook ON nofx.dead_letters (tenant_id) WHERE topic = 'webhook';

-- The kinds of workers and what each can do: its topics, its abilities (as in nofx.steps.needs), and the longest
-- time limit of a step in seconds. Workers that can do the same share a row.
CREATE TABLE nofx.worker_kinds (
    id        uuid PRIMARY KEY,
    topics    text[] NOT NULL,
    abilities text[] NOT NULL,
    longest_s integer NOT NULL,
    seen_at   timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE nofx.worker_kinds ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.dead_letters ENABLE ROW LEVEL SECURITY;
