-- min-compatible: 1

-- Work that is put down by one and done by another. A row is work that is due, delayed or claimed; it leaves when the
-- work is done, so the table stays as small as what there is to do.
--
-- Which claim of a job somebody has is told by its fence, a number that no other claim ever had. Clocks only say when
-- to take a job from a claimant that is gone; what counts afterwards is the fence alone.

CREATE SEQUENCE nofx.queue_fences;

-- A zero tenant is nobody. What is to be done for a step of a run stands in the step, and for any other job in the
-- payload, which nobody looks into: as json, because jsonb would change it.
CREATE TABLE nofx.queue (
    id           uuid PRIMARY KEY,
    topic        text NOT NULL,
    tenant_id    uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    run_id       uuid,
    step_no      smallint,
    priority     smallint NOT NULL DEFAULT 0,
    state        "char" NOT NULL DEFAULT 'r' CHECK (state IN ('r', 'd', 'l')),  -- ready, delayed until run_at, leased
    attempt      smallint NOT NULL DEFAULT 0,
    max_attempts smallint,
    is_cancelled boolean NOT NULL DEFAULT false,
    is_noted     boolean NOT NULL DEFAULT false,  -- whether the timeline says that the step has begun
    run_at       timestamptz NOT NULL DEFAULT now(),
    enqueued_at  timestamptz NOT NULL DEFAULT now(),
    claimed_at   timestamptz,
    lease_until  timestamptz,
    fence        bigint NOT NULL DEFAULT 0,
    error        text,
    payload      json,
    CHECK ((run_id IS NULL) = (step_no IS NULL)),
    CHECK ((run_id IS NULL) = (payload IS NOT NULL)),
    CHECK ((state = 'l') = (lease_until IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);

-- Delayed and claimed jobs stay out of what claims look through. No index on lease_until: heartbeats write nothing but
-- the row that way.
CREATE INDEX queue_ready ON nofx.queue (topic, tenant_id, priority, run_at, id) WHERE state = 'r';
CREATE INDEX queue_delayed ON nofx.queue (run_at) WHERE state = 'd';
CREATE INDEX queue_delayed_of_tenant ON nofx.queue (tenant_id) WHERE state = 'd';
CREATE INDEX queue_leased ON nofx.queue (topic, tenant_id) WHERE state = 'l';

-- Jobs that were given up.
CREATE TABLE nofx.dead_jobs (
    id          uuid PRIMARY KEY,
    topic       text NOT NULL,
    tenant_id   uuid NOT NULL,
    run_id      uuid,
    step_no     smallint,
    priority    smallint NOT NULL,
    attempts    smallint NOT NULL,
    error       text NOT NULL,
    enqueued_at timestamptz NOT NULL,
    died_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    payload     json
);
CREATE INDEX dead_jobs_topic ON nofx.dead_jobs (topic, died_at, id);
CREATE INDEX dead_jobs_age ON nofx.dead_jobs (died_at, id);

ALTER TABLE nofx.queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.dead_jobs ENABLE ROW LEVEL SECURITY;
