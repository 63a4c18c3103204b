-- min-compatible: 1

-- Runs of plans. A transaction that changes a run locks the run's row first, then jobs, then steps. So transactions do
-- not deadlock, a run ends once, and its events are numbered without gaps in the order of their commits.

CREATE TABLE nofx.runs (
    team_id             uuid NOT NULL REFERENCES nofx.teams (id) ON DELETE CASCADE,
    id                  uuid NOT NULL,
    goal                text NOT NULL CHECK (char_length(goal) BETWEEN 1 AND 2000),
    status              text NOT NULL CHECK (status IN ('running', 'waiting', 'cancelling', 'succeeded', 'failed',
                                                        'cancelled')),
    steps_total         smallint NOT NULL CHECK (steps_total BETWEEN 1 AND 1000),
    steps_open          smallint NOT NULL CHECK (steps_open BETWEEN 0 AND steps_total),
    steps_queued        smallint NOT NULL,
    steps_failed        smallint NOT NULL DEFAULT 0 CHECK (steps_failed >= 0),     -- their failure fails the run
    steps_tolerated     smallint NOT NULL DEFAULT 0 CHECK (steps_tolerated >= 0),  -- failed, and dependents went on
    steps_cancelled     smallint NOT NULL DEFAULT 0 CHECK (steps_cancelled >= 0),
    event_seq           integer NOT NULL DEFAULT 0,
    bytes               bigint NOT NULL DEFAULT 0,  -- inputs, outputs and artifacts
    bytes_limit         bigint,                     -- of the team, when the run was started
    rerun_of            uuid,
    created_by          uuid NOT NULL,
    trace               text CHECK (octet_length(trace) <= 600),  -- of the call that started it, as in nofx.queue
    plan_author         uuid,  -- who started the first run of the plan, where this run repeats it
    created_at          timestamptz NOT NULL DEFAULT now(),
    deadline_s          integer,      -- as in the plan
    deadline_from       timestamptz NOT NULL DEFAULT now(),  -- the start, or when it was last opened again
    deadline_at         timestamptz,  -- when workers cancel it
    cancel_requested_at timestamptz,
    ended_at            timestamptz,
    PRIMARY KEY (team_id, id),
    CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((steps_open = 0) = (ended_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX runs_page ON nofx.runs (team_id, created_at DESC, id DESC);
CREATE INDEX runs_open ON nofx.runs (team_id, created_at DESC, id DESC) WHERE ended_at IS NULL;
CREATE INDEX runs_unsuccessful ON nofx.runs (team_id, created_at DESC, id DESC)
    WHERE status IN ('failed', 'cancelled');
CREATE INDEX runs_overdue ON nofx.runs (deadline_at) WHERE ended_at IS NULL AND deadline_at IS NOT NULL;
CREATE INDEX runs_ended ON nofx.runs (ended_at) WHERE ended_at IS NOT NULL;

-- The tables of a run's parts have no foreign key: only the functions of the schema write them, thousands of rows a
-- second, and the trigger runs_contents deletes them with the run.
CREATE TABLE nofx.steps (
    team_id       uuid NOT NULL,
    run_id        uuid NOT NULL,
    no            smallint NOT NULL,
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    tool          text NOT NULL,
    topic         text NOT NULL,
    is_gate       boolean NOT NULL,
    status        text NOT NULL CHECK (status IN ('blocked', 'queued', 'waiting', 'succeeded', 'failed', 'timed_out',
                                                  'cancelled', 'skipped')),
    inputs        json NOT NULL,
    outputs       json,
    error         json,
    deps          smallint[] NOT NULL,
    dependents    smallint[] NOT NULL,
    deps_left     smallint NOT NULL CHECK (deps_left >= 0),
    continues     boolean NOT NULL,  -- whether dependents start although it failed
    priority      smallint NOT NULL,
    attempt       smallint NOT NULL DEFAULT 0,
    max_attempts  smallint NOT NULL CHECK (max_attempts >= 1),
    timeout_s     integer NOT NULL,
    is_idempotent boolean NOT NULL DEFAULT false,
    needs         text[],            -- what its worker must have, such as `ai:openai`; NULL for nothing
    models        text[],            -- what it asks of models, as nofx.is_model_allowed takes it; NULL for none
    retry_base_s  integer NOT NULL,
    retry_cap_s   integer NOT NULL,
    delay_s       integer NOT NULL,
    secrets_scope text,
    tools_allowed text[],
    queued_at     timestamptz,
    started_at    timestamptz,
    ended_at      timestamptz,
    PRIMARY KEY (team_id, run_id, no),
    CHECK ((status IN ('blocked', 'queued', 'waiting')) = (ended_at IS NULL))
) WITH (fillfactor = 80);

-- Approval steps. A gate has no job, so waiting for a person uses no worker.
CREATE TABLE nofx.gates (
    team_id       uuid NOT NULL,
    run_id        uuid NOT NULL,
    step_no       smallint NOT NULL,
    status        text NOT NULL DEFAULT 'pending'
                  CHECK (status IN ('pending', 'approved', 'rejected', 'waived', 'expired', 'cancelled')),
    required_role text CHECK (required_role IN ('owner', 'admin', 'member', 'viewer')),  -- NULL: managers
    allows_waiver boolean NOT NULL,
    four_eyes     boolean NOT NULL,
    message       text CHECK (char_length(message) <= 1000),
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz,
    decided_by    uuid,
    decided_at    timestamptz,
    reason        text CHECK (char_length(reason) <= 500),
    PRIMARY KEY (team_id, run_id, step_no),
    CHECK ((status = 'pending') = (decided_at IS NULL))
);
CREATE INDEX gates_page ON nofx.gates (team_id, created_at DESC, run_id DESC, step_no DESC);
CREATE INDEX gates_pending ON nofx.gates (team_id, created_at DESC, run_id DESC, step_no DESC)
    WHERE status = 'pending';
CREATE INDEX gates_expiry ON nofx.gates (expires_at) WHERE status = 'pending' AND expires_at IS NOT NULL;

-- The events of a run, numbered from 1 without gaps. The number is taken under the run's lock, so a reader who has read
-- an event has missed none before it.
CREATE TABLE nofx.events (
    team_id uuid NOT NULL,
    run_id  uuid NOT NULL,
    seq     integer NOT NULL,
    step_no smallint,
    type    text NOT NULL,
    data    json,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, run_id, seq)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE TABLE nofx.artifacts (
    team_id      uuid NOT NULL,
    run_id       uuid NOT NULL,
    step_no      smallint NOT NULL,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    content_type text NOT NULL,
    sha256       bytea NOT NULL CHECK (octet_length(sha256) = 32),
    content      bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, run_id, step_no, name)
);

-- The stored bytes of the runs of a team, as they were counted last.
CREATE TABLE nofx.team_bytes (
    team_id    uuid PRIMARY KEY REFERENCES nofx.teams (id) ON DELETE CASCADE,
    bytes      bigint NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- The tools, secrets and AI models that an operator allows a team. Where tools is NULL, allows_all says whether an
-- operator has allowed all tools; if not, the team may use the tools that every team may use. Where models is NULL, it may
-- use all models.
CREATE TABLE nofx.tool_policies (
    team_id       uuid PRIMARY KEY REFERENCES nofx.teams (id) ON DELETE CASCADE,
    tools         text[],
    secret_scopes text[] NOT NULL DEFAULT '{}',
    allows_all    boolean NOT NULL DEFAULT false,
    models        text[],
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (tools IS NULL OR NOT allows_all)
);

ALTER TABLE nofx.runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.gates ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.artifacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.team_bytes ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.tool_policies ENABLE ROW LEVEL SECURITY;
