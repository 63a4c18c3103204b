-- min-compatible: 1

-- Circuit breakers. The table is logged, because a breaker that an operator forced open must stay open after a crash;
-- calls commit their records asynchronously. Only the name is indexed, and pages are mostly empty, so that no update
-- leaves its page.
CREATE TABLE nofx.circuit_breakers (
    name            text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-zA-Z0-9._/:@~-]{0,249}$'),
    state           text NOT NULL DEFAULT 'closed'
                    CHECK (state IN ('closed', 'open', 'half_open', 'forced_open', 'disabled', 'metrics_only',
                                     'refused')),
    generation      bigint NOT NULL DEFAULT 0,   -- grows with every transition
    failures        integer NOT NULL DEFAULT 0,  -- consecutive
    last_failure_at timestamptz,
    last_error      text,
    reporters       integer NOT NULL DEFAULT 0,  -- of these failures; 2 means several
    last_reporter   uuid,
    last_tenant     uuid,                        -- of the last failure or cool-down
    open_until      timestamptz,
    opens           integer NOT NULL DEFAULT 0,  -- since it was last closed
    total_opens     bigint NOT NULL DEFAULT 0,
    permits_left    integer NOT NULL DEFAULT 0,
    probe_successes integer NOT NULL DEFAULT 0,
    probe_deadline  timestamptz,
    probe_lease     interval,                    -- the time until then when the last probe began
    half_open_since timestamptz,
    not_before      timestamptz,
    cooldown_reason     text CHECK (cooldown_reason IN ('rate_limited', 'quota_exhausted')),
    changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((not_before IS NULL) = (cooldown_reason IS NULL)),
    CHECK (state <> 'open' OR open_until IS NOT NULL),
    CHECK (state <> 'half_open' OR (probe_deadline IS NOT NULL AND half_open_since IS NOT NULL))
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

INSERT INTO nofx.circuit_breakers (name) VALUES ('anthropic-ai'), ('openai');

-- Recent calls in time slices, for policies with a window.
CREATE TABLE nofx.circuit_windows (
    name       text NOT NULL REFERENCES nofx.circuit_breakers (name) ON DELETE CASCADE,
    started_at timestamptz NOT NULL,
    calls      bigint NOT NULL DEFAULT 0,
    failures   bigint NOT NULL DEFAULT 0,
    slow       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (name, started_at)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Counters for operators, in shards whose sum counts, so that calls do not wait for each other. A crash clears them.
CREATE UNLOGGED TABLE nofx.circuit_counters (
    name            text NOT NULL,
    shard           smallint NOT NULL,
    attempts        bigint NOT NULL DEFAULT 0,
    successes       bigint NOT NULL DEFAULT 0,
    failures        bigint NOT NULL DEFAULT 0,
    rejections      bigint NOT NULL DEFAULT 0,
    last_success_at timestamptz,
    rate_limit      jsonb,
    rate_limit_at   timestamptz,
    PRIMARY KEY (name, shard)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Every attempt at an AI call. No foreign keys, because costs must outlive the team. Money is in billionths of a
-- dollar; NULL where the price is not known. Before the request is sent, the attempt has the outcome `begun`, and the
-- tokens and the cost are the most that it may have. If its process dies, it gets the outcome `ai_outcome_unknown`
-- after settles_at, and keeps these numbers.
CREATE TABLE nofx.ai_attempts (
    call_id                uuid NOT NULL,
    attempt                integer NOT NULL CHECK (attempt >= 1),
    team_id                uuid,
    provider               text NOT NULL,
    model                  text NOT NULL,
    requested_model        text NOT NULL,
    outcome                text NOT NULL,  -- ok, begun, or the code of an error
    status                 integer,
    request_id             text,
    input_tokens           bigint NOT NULL CHECK (input_tokens >= 0),
    output_tokens          bigint NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens      bigint NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_5m_tokens  bigint NOT NULL CHECK (cache_write_5m_tokens >= 0),
    cache_write_1h_tokens  bigint NOT NULL CHECK (cache_write_1h_tokens >= 0),
    reasoning_tokens       bigint NOT NULL CHECK (reasoning_tokens >= 0),
    cost_nano_usd          bigint CHECK (cost_nano_usd >= 0),
    provider_cost_nano_usd bigint CHECK (provider_cost_nano_usd >= 0),
    duration_ms            bigint NOT NULL,
    created_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    estimated              boolean NOT NULL DEFAULT false,  -- whether tokens are estimated from bytes
    settles_at             timestamptz CHECK ((settles_at IS NOT NULL) = (outcome = 'begun')),
    PRIMARY KEY (call_id, attempt)
);
CREATE INDEX ai_attempts_age ON nofx.ai_attempts (created_at);
CREATE INDEX ai_attempts_begun ON nofx.ai_attempts (team_id, settles_at) WHERE outcome = 'begun';

-- The sums of the attempts of a day in UTC. A zero team stands for none. spent_nano_usd counts against the budget: our
-- price, or the provider's where we have none.
CREATE TABLE nofx.ai_usage_daily (
    team_id                uuid NOT NULL,
    day                    date NOT NULL,
    provider               text NOT NULL,
    model                  text NOT NULL,
    attempts               bigint NOT NULL,
    succeeded              bigint NOT NULL,
    failed                 bigint NOT NULL,
    unpriced               bigint NOT NULL,
    input_tokens           bigint NOT NULL,
    output_tokens          bigint NOT NULL,
    cache_read_tokens      bigint NOT NULL,
    cache_write_5m_tokens  bigint NOT NULL,
    cache_write_1h_tokens  bigint NOT NULL,
    reasoning_tokens       bigint NOT NULL,
    cost_nano_usd          bigint NOT NULL,
    provider_cost_nano_usd bigint,
    spent_nano_usd         bigint NOT NULL,
    estimated              bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (team_id, day, provider, model)
) WITH (fillfactor = 50);
-- For purge.
CREATE INDEX ai_usage_daily_age ON nofx.ai_usage_daily (day);

-- The budgets that an operator set for one team; NULL where the default of all teams holds.
CREATE TABLE nofx.ai_budgets (
    team_id          uuid PRIMARY KEY,
    daily_nano_usd   bigint CHECK (daily_nano_usd >= 0),
    monthly_nano_usd bigint CHECK (monthly_nano_usd >= 0),
    unpriced         text CHECK (unpriced IN ('deny', 'allow')),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How many requests and tokens a team may use in a minute: with one model (`provider/model`), with all models of a
-- provider (`provider/*`), or with all (`*`). The times are those of the generic cell rate algorithm: when all that was
-- used is given back.
CREATE TABLE nofx.ai_limits (
    team_id             uuid NOT NULL,
    model               text NOT NULL CHECK (model ~ '^(\*|[^/]+/.+)$'),
    requests_per_minute bigint CHECK (requests_per_minute >= 1),
    tokens_per_minute   bigint CHECK (tokens_per_minute >= 1),
    requests_until      timestamptz NOT NULL DEFAULT '-infinity',
    tokens_until        timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (team_id, model)
) WITH (fillfactor = 50);

-- The reserved costs of calls that are under way. A reservation that is never released expires.
CREATE TABLE nofx.ai_reservations (
    call_id    uuid PRIMARY KEY,
    team_id    uuid NOT NULL,
    amount     bigint NOT NULL CHECK (amount >= 0),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ai_reservations_team ON nofx.ai_reservations (team_id);
CREATE INDEX ai_reservations_expiry ON nofx.ai_reservations (expires_at);

ALTER TABLE nofx.ai_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.ai_usage_daily ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.ai_budgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.ai_limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.ai_reservations ENABLE ROW LEVEL SECURITY;
