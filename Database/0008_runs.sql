-- min-compatible: 1

-- Plans that teams have started. Whoever changes a run locks its row first, then jobs, then steps: so two never wait
-- for each other, a run ends once, and the events of a run are numbered without gaps in the order of their commits.

-- Tables -----------------------------------------------------------------------------------------

CREATE TABLE nofx.runs (
    team_id             uuid NOT NULL REFERENCES nofx.teams (id) ON DELETE CASCADE,
    id                  uuid NOT NULL,
    goal                text NOT NULL CHECK (char_length(goal) BETWEEN 1 AND 2000),
    status              text NOT NULL CHECK (status IN ('running', 'waiting', 'cancelling', 'succeeded', 'failed',
                                                        'cancelled')),
    steps_total         smallint NOT NULL CHECK (steps_total BETWEEN 1 AND 1000),
    steps_open          smallint NOT NULL CHECK (steps_open BETWEEN 0 AND steps_total),
    steps_queued        smallint NOT NULL,
    steps_failed        smallint NOT NULL DEFAULT 0 CHECK (steps_failed >= 0),
    steps_cancelled     smallint NOT NULL DEFAULT 0 CHECK (steps_cancelled >= 0),
    event_seq           integer NOT NULL DEFAULT 0,
    rerun_of            uuid,
    created_by          uuid NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    deadline_s          integer,      -- as the plan has it
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

-- What belongs to a run has no foreign key: it is made by the functions below alone, thousands of rows in a second, and
-- a trigger takes it away with the run.
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
    continues     boolean NOT NULL,  -- whether others go on when it fails
    priority      smallint NOT NULL,
    attempt       smallint NOT NULL DEFAULT 0,
    max_attempts  smallint NOT NULL CHECK (max_attempts >= 1),
    timeout_s     integer NOT NULL,
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

-- A gate has no job: waiting for a person costs nothing.
CREATE TABLE nofx.gates (
    team_id       uuid NOT NULL,
    run_id        uuid NOT NULL,
    step_no       smallint NOT NULL,
    status        text NOT NULL DEFAULT 'pending'
                  CHECK (status IN ('pending', 'approved', 'rejected', 'waived', 'expired', 'cancelled')),
    required_role text CHECK (required_role IN ('owner', 'admin', 'member', 'viewer')),  -- NULL: who manages
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

-- What happened in a run, numbered from 1 without gaps. The number is taken under the run's lock: whoever has read up
-- to one has missed nothing before it.
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

-- What an operator allows a team: which tools, NULL for all, and which secrets.
CREATE TABLE nofx.tool_policies (
    team_id       uuid PRIMARY KEY REFERENCES nofx.teams (id) ON DELETE CASCADE,
    tools         text[],
    secret_scopes text[] NOT NULL DEFAULT '{}',
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION nofx.delete_run_contents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM nofx.steps x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.gates x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.events x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.artifacts x USING gone WHERE x.team_id = gone.team_id AND x.run_id = gone.id;
    DELETE FROM nofx.queue x USING gone
    WHERE x.id BETWEEN nofx.step_job(gone.id, 0) AND nofx.step_job(gone.id, 32767) AND x.run_id = gone.id;
    DELETE FROM nofx.dead_jobs x USING gone
    WHERE x.id BETWEEN nofx.step_job(gone.id, 0) AND nofx.step_job(gone.id, 32767) AND x.run_id = gone.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER runs_contents AFTER DELETE ON nofx.runs REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.delete_run_contents();

-- The runs of a team that is deleted are overdue from then on: workers cancel them, so many at a time. Those that a
-- worker has not come to yet go on when the team is restored.
CREATE FUNCTION nofx.end_runs_of_deleted_team() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM nofx.runs r WHERE r.team_id = NEW.id AND r.ended_at IS NULL ORDER BY r.id FOR NO KEY UPDATE;
    UPDATE nofx.runs r
    SET deadline_at = CASE WHEN NEW.deleted_at IS NOT NULL THEN now()
                           ELSE r.created_at + make_interval(secs => r.deadline_s) END
    WHERE r.team_id = NEW.id AND r.ended_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER teams_runs AFTER UPDATE OF deleted_at ON nofx.teams FOR EACH ROW
    WHEN ((NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL)) EXECUTE FUNCTION nofx.end_runs_of_deleted_team();

ALTER TABLE nofx.runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY runs_of_mine ON nofx.runs FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
ALTER TABLE nofx.steps ENABLE ROW LEVEL SECURITY;
CREATE POLICY steps_of_mine ON nofx.steps FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
ALTER TABLE nofx.gates ENABLE ROW LEVEL SECURITY;
CREATE POLICY gates_of_mine ON nofx.gates FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
ALTER TABLE nofx.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY events_of_mine ON nofx.events FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
ALTER TABLE nofx.artifacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY artifacts_of_mine ON nofx.artifacts FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
ALTER TABLE nofx.tool_policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY tool_policies_of_mine ON nofx.tool_policies FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));

-- Inside a run -----------------------------------------------------------------------------------

-- Appends events to a run whose row the caller has locked.
CREATE FUNCTION nofx.add_events(p_team uuid, p_run uuid, p_nos integer[], p_types text[], p_data json[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH run AS (
        UPDATE nofx.runs r SET event_seq = r.event_seq + cardinality(p_types)
        WHERE r.team_id = p_team AND r.id = p_run RETURNING r.event_seq
    )
    INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data)
    SELECT p_team, p_run, run.event_seq - cardinality(p_types) + e.place, e.no, e.type, e.data
    FROM run, unnest(p_nos, p_types, p_data) WITH ORDINALITY AS e (no, type, data, place)
$$;

-- Makes steps of a run runnable whose dependencies are met: gates wait for a person, the others get a job. The caller
-- has changed their status, and tells the timeline.
-- What it does, end_steps does within its one statement.
CREATE FUNCTION nofx.release_steps(p_team uuid, p_run uuid, p_nos smallint[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO nofx.gates AS g
        (team_id, run_id, step_no, required_role, allows_waiver, four_eyes, message, expires_at)
    SELECT s.team_id, s.run_id, s.no, s.inputs ->> 'role', coalesce((s.inputs ->> 'allowWaive')::boolean, true),
           coalesce((s.inputs ->> 'fourEyes')::boolean, false), s.inputs ->> 'message',
           now() + make_interval(secs => (s.inputs ->> 'expiresInSeconds')::integer)
    FROM nofx.steps s
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (p_nos) AND s.status = 'waiting'
    ON CONFLICT (team_id, run_id, step_no) DO UPDATE
    SET status = 'pending', created_at = now(), expires_at = excluded.expires_at, decided_by = NULL, decided_at = NULL,
        reason = NULL;
    INSERT INTO nofx.queue (id, topic, tenant_id, run_id, step_no, priority, state, max_attempts, run_at)
    SELECT nofx.step_job(s.run_id, s.no), s.topic, s.team_id, s.run_id, s.no, s.priority,
           CASE WHEN s.delay_s > 0 THEN 'd' ELSE 'r' END::"char", s.max_attempts,
           now() + make_interval(secs => s.delay_s)
    FROM nofx.steps s
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (p_nos) AND s.status = 'queued'
$$;

-- Ends steps of runs whose rows the caller has locked, and whose jobs it has removed: makes runnable what waited for
-- them, skips what cannot be done any more, gives up what failed, ends runs that have no open step left, and tells the
-- timelines, in one statement for however many there are.
--
-- p_started is when the attempt began, where the timeline does not say so yet.
CREATE FUNCTION nofx.end_steps(
    p_teams uuid[], p_runs uuid[], p_nos integer[], p_statuses text[], p_outputs text[], p_errors text[],
    p_attempts integer[], p_started timestamptz[]
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    WITH RECURSIVE ended AS (
        UPDATE nofx.steps s
        SET status = e.status, outputs = e.outputs::json, error = e.error::json,
            attempt = coalesce(e.attempt, s.attempt), started_at = coalesce(s.started_at, e.started), ended_at = v_now
        FROM unnest(p_teams, p_runs, p_nos, p_statuses, p_outputs, p_errors, p_attempts, p_started)
             AS e (team_id, run_id, no, status, outputs, error, attempt, started)
        WHERE s.team_id = e.team_id AND s.run_id = e.run_id AND s.no = e.no::smallint AND s.ended_at IS NULL
        RETURNING s.team_id, s.run_id, s.no, s.status, s.topic, s.is_gate, s.priority, s.attempt, s.error, s.dependents,
                  s.continues, s.queued_at, e.started,
                  s.status IN ('failed', 'timed_out') AS has_failed
    ), doomed (team_id, run_id, no) AS (
        SELECT e.team_id, e.run_id, unnest(e.dependents) FROM ended e WHERE e.has_failed AND NOT e.continues
        UNION
        SELECT s.team_id, s.run_id, unnest(s.dependents)
        FROM doomed d JOIN nofx.steps s ON s.team_id = d.team_id AND s.run_id = d.run_id AND s.no = d.no
    ), skipped AS (
        UPDATE nofx.steps s
        SET status = 'skipped', ended_at = v_now,
            error = '{"code":"upstream_failed","message":"A step that it depends on was not done."}'
        FROM doomed d
        WHERE s.team_id = d.team_id AND s.run_id = d.run_id AND s.no = d.no AND s.status = 'blocked'
        RETURNING s.team_id, s.run_id, s.no
    ), met AS (
        SELECT e.team_id, e.run_id, d.no, count(*)::smallint AS parents
        FROM ended e, unnest(e.dependents) AS d (no)
        WHERE e.status = 'succeeded' OR e.has_failed AND e.continues
        GROUP BY 1, 2, 3
    ), unblocked AS (
        UPDATE nofx.steps s
        SET deps_left = s.deps_left - m.parents,
            status = CASE WHEN s.deps_left > m.parents THEN 'blocked' WHEN s.is_gate THEN 'waiting' ELSE 'queued' END,
            queued_at = CASE WHEN s.deps_left = m.parents THEN v_now END
        FROM met m
        WHERE s.team_id = m.team_id AND s.run_id = m.run_id AND s.no = m.no AND s.status = 'blocked'
          AND NOT EXISTS (SELECT FROM doomed d
                          WHERE d.team_id = m.team_id AND d.run_id = m.run_id AND d.no = m.no)
        RETURNING s.*
    ), jobs AS (
        INSERT INTO nofx.queue (id, topic, tenant_id, run_id, step_no, priority, state, max_attempts, run_at)
        SELECT nofx.step_job(u.run_id, u.no), u.topic, u.team_id, u.run_id, u.no, u.priority,
               CASE WHEN u.delay_s > 0 THEN 'd' ELSE 'r' END::"char", u.max_attempts,
               now() + make_interval(secs => u.delay_s)
        FROM unblocked u WHERE u.status = 'queued'
    ), gates AS (
        INSERT INTO nofx.gates AS g
            (team_id, run_id, step_no, required_role, allows_waiver, four_eyes, message, expires_at)
        SELECT u.team_id, u.run_id, u.no, u.inputs ->> 'role', coalesce((u.inputs ->> 'allowWaive')::boolean, true),
               coalesce((u.inputs ->> 'fourEyes')::boolean, false), u.inputs ->> 'message',
               now() + make_interval(secs => (u.inputs ->> 'expiresInSeconds')::integer)
        FROM unblocked u WHERE u.status = 'waiting'
        ON CONFLICT (team_id, run_id, step_no) DO UPDATE
        SET status = 'pending', created_at = now(), expires_at = excluded.expires_at, decided_by = NULL,
            decided_at = NULL, reason = NULL
    ), given_up AS (
        INSERT INTO nofx.dead_jobs
            (id, topic, tenant_id, run_id, step_no, priority, attempts, error, enqueued_at, died_at)
        SELECT nofx.step_job(e.run_id, e.no), e.topic, e.team_id, e.run_id, e.no, e.priority, e.attempt,
               coalesce(e.error ->> 'code', e.status), coalesce(e.queued_at, v_now), v_now
        FROM ended e WHERE e.has_failed AND NOT e.is_gate
        ON CONFLICT (id) DO NOTHING
    ), news (team_id, run_id, part, no, place, type, data, at, open, queued, failed, cancelled) AS (
        SELECT e.team_id, e.run_id, 1, e.no, 1, 'step.started', json_build_object('attempt', e.attempt), e.started,
               0, 0, 0, 0
        FROM ended e WHERE e.started IS NOT NULL
        UNION ALL
        SELECT e.team_id, e.run_id, 1, e.no, 2, 'step.' || e.status,
               CASE WHEN e.error IS NOT NULL THEN json_build_object('attempt', e.attempt, 'error', e.error)
                    WHEN NOT e.is_gate THEN json_build_object('attempt', e.attempt) END, v_now,
               -1, CASE WHEN e.is_gate OR e.queued_at IS NULL THEN 0 ELSE -1 END,
               (e.has_failed AND NOT e.continues)::integer, (e.status = 'cancelled')::integer
        FROM ended e
        UNION ALL
        SELECT s.team_id, s.run_id, 2, s.no, 1, 'step.skipped', NULL, v_now, -1, 0, 0, 0 FROM skipped s
        UNION ALL
        SELECT u.team_id, u.run_id, 3, u.no, 1, CASE u.status WHEN 'waiting' THEN 'gate.created' ELSE 'step.queued' END,
               NULL, v_now, 0, (u.status = 'queued')::integer, 0, 0
        FROM unblocked u WHERE u.status <> 'blocked'
    ), sums AS (
        SELECT n.team_id, n.run_id, count(*)::integer AS events, sum(n.open)::smallint AS open,
               sum(n.queued)::smallint AS queued, sum(n.failed)::smallint AS failed,
               sum(n.cancelled)::smallint AS cancelled
        FROM news n GROUP BY 1, 2
    ), moved AS (
        UPDATE nofx.runs r
        SET steps_open = r.steps_open + s.open, steps_queued = r.steps_queued + s.queued,
            steps_failed = r.steps_failed + s.failed, steps_cancelled = r.steps_cancelled + s.cancelled,
            event_seq = r.event_seq + s.events + (r.steps_open + s.open = 0)::integer,
            ended_at = CASE WHEN r.steps_open + s.open = 0 THEN v_now END,
            status = CASE
                WHEN r.steps_open + s.open > 0 THEN CASE
                    WHEN r.cancel_requested_at IS NOT NULL THEN 'cancelling'
                    WHEN r.steps_queued + s.queued > 0 THEN 'running'
                    ELSE 'waiting' END
                WHEN r.cancel_requested_at IS NOT NULL OR r.steps_cancelled + s.cancelled > 0 THEN 'cancelled'
                WHEN r.steps_failed + s.failed > 0 THEN 'failed'
                ELSE 'succeeded' END
        FROM sums s WHERE r.team_id = s.team_id AND r.id = s.run_id
        RETURNING r.team_id, r.id AS run_id, r.event_seq AS last, r.ended_at, r.status,
                  r.event_seq - s.events - (r.steps_open = 0)::integer AS first
    )
    INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data, at)
    SELECT n.team_id, n.run_id,
           m.first + row_number() OVER (PARTITION BY n.team_id, n.run_id ORDER BY n.part, n.no, n.place),
           n.no, n.type, n.data, n.at
    FROM news n JOIN moved m ON m.team_id = n.team_id AND m.run_id = n.run_id
    UNION ALL
    SELECT m.team_id, m.run_id, m.last, NULL, 'run.' || m.status, NULL, v_now FROM moved m WHERE m.ended_at IS NOT NULL;
END
$$;

-- Cancels a run whose row the caller has locked: what nobody works on ends at once, and workers learn of it with their
-- next heartbeat.
CREATE FUNCTION nofx.stop_run(p_team uuid, p_run uuid, p_data json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_gates integer[];
    v_open  integer[];
BEGIN
    UPDATE nofx.runs r SET cancel_requested_at = now(), status = 'cancelling' WHERE r.team_id = p_team AND r.id = p_run;
    PERFORM nofx.add_events(p_team, p_run, ARRAY[NULL::integer], '{run.cancel_requested}', ARRAY[p_data]);
    -- In the order in which heartbeats lock them.
    PERFORM FROM nofx.queue q
    WHERE q.id BETWEEN nofx.step_job(p_run, 0) AND nofx.step_job(p_run, 32767) AND q.run_id = p_run
    ORDER BY q.id FOR UPDATE;
    DELETE FROM nofx.queue q
    WHERE q.id BETWEEN nofx.step_job(p_run, 0) AND nofx.step_job(p_run, 32767) AND q.run_id = p_run AND q.state <> 'l';
    UPDATE nofx.queue q SET is_cancelled = true
    WHERE q.id BETWEEN nofx.step_job(p_run, 0) AND nofx.step_job(p_run, 32767) AND q.run_id = p_run AND q.state = 'l';
    WITH gates AS (
        UPDATE nofx.gates g SET status = 'cancelled', decided_at = now()
        WHERE g.team_id = p_team AND g.run_id = p_run AND g.status = 'pending' RETURNING g.step_no
    )
    SELECT array_agg(g.step_no::integer ORDER BY g.step_no) INTO v_gates FROM gates g;
    IF v_gates IS NOT NULL THEN
        PERFORM nofx.add_events(p_team, p_run, v_gates, array_fill('gate.cancelled'::text, ARRAY[cardinality(v_gates)]),
                                array_fill(NULL::json, ARRAY[cardinality(v_gates)]));
    END IF;
    v_open := ARRAY(
        SELECT s.no::integer FROM nofx.steps s
        WHERE s.team_id = p_team AND s.run_id = p_run AND s.ended_at IS NULL
          AND NOT EXISTS (SELECT FROM nofx.queue q WHERE q.id = nofx.step_job(p_run, s.no))
        ORDER BY s.no
    );
    IF cardinality(v_open) > 0 THEN
        PERFORM nofx.end_steps(
            array_fill(p_team, ARRAY[cardinality(v_open)]), array_fill(p_run, ARRAY[cardinality(v_open)]), v_open,
            array_fill('cancelled'::text, ARRAY[cardinality(v_open)]), NULL, NULL, NULL, NULL);
    END IF;
END
$$;

-- Makes a step of a run that ended without success runnable again, and what was skipped or cancelled because of it; the
-- caller has locked the run. Returns `ok`, or the status that forbids it, or `dependencies`.
CREATE FUNCTION nofx.reopen_step(p_team uuid, p_run uuid, p_no integer, p_data json) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_run   nofx.runs;
    v_step  nofx.steps;
    v_below smallint[];
    v_kept  smallint[];
BEGIN
    SELECT r.* INTO v_run FROM nofx.runs r WHERE r.team_id = p_team AND r.id = p_run;
    SELECT s.* INTO v_step FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = p_no;
    IF v_run.cancel_requested_at IS NOT NULL AND v_run.ended_at IS NULL THEN RETURN 'cancelling'; END IF;
    IF v_step.status NOT IN ('failed', 'timed_out', 'cancelled') THEN RETURN v_step.status; END IF;
    IF EXISTS (SELECT FROM nofx.steps p
               WHERE p.team_id = p_team AND p.run_id = p_run AND p.no = ANY (v_step.deps)
                 AND NOT nofx.is_met(p.status, p.continues)) THEN
        RETURN 'dependencies';
    END IF;
    WITH RECURSIVE below (no) AS (
        SELECT unnest(v_step.dependents)
        UNION
        SELECT unnest(s.dependents)
        FROM below b JOIN nofx.steps s ON s.team_id = p_team AND s.run_id = p_run AND s.no = b.no
    )
    SELECT coalesce(array_agg(s.no), '{}') INTO v_below
    FROM below b JOIN nofx.steps s ON s.team_id = p_team AND s.run_id = p_run AND s.no = b.no
    WHERE s.status IN ('skipped', 'cancelled');
    -- Only those all of whose other dependencies are met, open or reopened, and one of them the latter: any other would
    -- wait for ever.
    LOOP
        SELECT coalesce(array_agg(s.no), '{}') INTO v_kept
        FROM nofx.steps s
        WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = ANY (v_below)
          AND NOT EXISTS (SELECT FROM nofx.steps p
                          WHERE p.team_id = p_team AND p.run_id = p_run AND p.no = ANY (s.deps)
                            AND p.no <> p_no AND p.no <> ALL (v_below)
                            AND NOT (nofx.is_met(p.status, p.continues) OR p.ended_at IS NULL))
          AND EXISTS (SELECT FROM unnest(s.deps) AS d (no) WHERE d.no = p_no OR d.no = ANY (v_below));
        EXIT WHEN cardinality(v_kept) = cardinality(v_below);
        v_below := v_kept;
    END LOOP;
    UPDATE nofx.steps s
    SET status = 'blocked', outputs = NULL, error = NULL, attempt = 0, queued_at = NULL, started_at = NULL,
        ended_at = NULL
    WHERE s.team_id = p_team AND s.run_id = p_run AND (s.no = ANY (v_below) OR s.no = p_no);
    -- Also of what is blocked already, and may have counted the step as met.
    UPDATE nofx.steps s
    SET deps_left = (SELECT count(*) FROM nofx.steps p
                     WHERE p.team_id = p_team AND p.run_id = p_run AND p.no = ANY (s.deps)
                       AND NOT nofx.is_met(p.status, p.continues))
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.status = 'blocked'
      AND (s.no = ANY (v_below) OR s.no = ANY (v_step.dependents));
    UPDATE nofx.steps s
    SET status = CASE WHEN s.is_gate THEN 'waiting' ELSE 'queued' END, deps_left = 0, queued_at = now()
    WHERE s.team_id = p_team AND s.run_id = p_run AND s.no = p_no;
    DELETE FROM nofx.artifacts a WHERE a.team_id = p_team AND a.run_id = p_run AND a.step_no = p_no;
    DELETE FROM nofx.dead_jobs d WHERE d.id = nofx.step_job(p_run, p_no);
    UPDATE nofx.runs r
    SET ended_at = NULL, cancel_requested_at = NULL,
        deadline_at = CASE WHEN v_run.ended_at IS NULL THEN r.deadline_at END,
        (steps_open, steps_queued, steps_failed, steps_cancelled, status) = (
            SELECT count(*) FILTER (WHERE s.ended_at IS NULL), count(*) FILTER (WHERE s.status = 'queued'),
                   count(*) FILTER (WHERE s.status IN ('failed', 'timed_out') AND NOT s.continues),
                   count(*) FILTER (WHERE s.status = 'cancelled'),
                   CASE WHEN count(*) FILTER (WHERE s.status = 'queued') > 0 THEN 'running' ELSE 'waiting' END
            FROM nofx.steps s WHERE s.team_id = p_team AND s.run_id = p_run
        )
    WHERE r.team_id = p_team AND r.id = p_run;
    PERFORM nofx.release_steps(p_team, p_run, ARRAY[p_no::smallint]);
    IF v_run.ended_at IS NOT NULL THEN
        PERFORM nofx.add_events(p_team, p_run, ARRAY[NULL::integer], '{run.resumed}', ARRAY[p_data]);
    END IF;
    v_below := ARRAY(SELECT unnest(v_below) ORDER BY 1);
    PERFORM nofx.add_events(
        p_team, p_run, p_no || v_below::integer[] || p_no,
        'step.retried'::text || array_fill('step.reopened'::text, ARRAY[cardinality(v_below)])
            || CASE WHEN v_step.is_gate THEN 'gate.created' ELSE 'step.queued' END,
        p_data || array_fill(NULL::json, ARRAY[cardinality(v_below) + 1]));
    RETURN 'ok';
END
$$;

-- Whether what depends on a step may go on.
CREATE FUNCTION nofx.is_met(p_status text, p_continues boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_status = 'succeeded' OR p_continues AND p_status IN ('failed', 'timed_out')
$$;

-- For workers ------------------------------------------------------------------------------------

-- Tells the timelines that steps have begun, those that are still held.
CREATE FUNCTION nofx.start_steps(p_ids uuid[], p_fences bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_step record;
BEGIN
    PERFORM FROM nofx.runs r
    JOIN (SELECT DISTINCT q.tenant_id, q.run_id FROM nofx.queue q WHERE q.id = ANY (p_ids)) k
      ON k.tenant_id = r.team_id AND k.run_id = r.id
    ORDER BY r.team_id, r.id FOR NO KEY UPDATE OF r;
    FOR v_step IN
        WITH held AS (
            SELECT q.id FROM (SELECT * FROM unnest(p_ids, p_fences) AS l (id, fence) ORDER BY l.id) l
            CROSS JOIN LATERAL (
                SELECT q.id FROM nofx.queue q
                WHERE q.id = l.id AND q.fence = l.fence AND q.lease_until IS NOT NULL AND q.run_id IS NOT NULL
                  AND NOT q.is_noted FOR NO KEY UPDATE
            ) q
        )
        UPDATE nofx.queue q SET is_noted = true WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h))
        RETURNING q.tenant_id, q.run_id, q.step_no, q.attempt, q.claimed_at
    LOOP
        UPDATE nofx.steps s SET started_at = coalesce(s.started_at, v_step.claimed_at)
        WHERE s.team_id = v_step.tenant_id AND s.run_id = v_step.run_id AND s.no = v_step.step_no;
        PERFORM nofx.add_events(v_step.tenant_id, v_step.run_id, ARRAY[v_step.step_no::integer], '{step.started}',
                                ARRAY[json_build_object('attempt', v_step.attempt)]);
    END LOOP;
END
$$;

-- Says what became of steps: `succeeded`; `failed`, for good; `cancelled`, which counts where the run is being
-- cancelled; `retry`, after a delay, while there are attempts left and the run is wanted; `released`, after a delay, as
-- if it had never been claimed. Artifacts are kept together with the step's success. Returns the jobs that counted.
CREATE FUNCTION nofx.finish_steps(
    p_ids uuid[], p_fences bigint[], p_outcomes text[], p_outputs text[], p_errors text[], p_delays interval[],
    p_artifact_jobs uuid[], p_artifact_names text[], p_artifact_types text[], p_artifact_hashes bytea[],
    p_artifacts bytea[]
) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_ended record;
    v_step  record;
BEGIN
    PERFORM FROM nofx.runs r
    JOIN (SELECT DISTINCT q.tenant_id, q.run_id FROM nofx.queue q WHERE q.id = ANY (p_ids)) k
      ON k.tenant_id = r.team_id AND k.run_id = r.id
    ORDER BY r.team_id, r.id FOR NO KEY UPDATE OF r;
    -- Nothing is made by a step before it began. All jobs are locked in their order before some of them are.
    IF cardinality(p_artifact_jobs) > 0 THEN
        PERFORM FROM nofx.queue q WHERE q.id = ANY (p_ids) ORDER BY q.id FOR UPDATE;
        PERFORM nofx.start_steps(array_agg(s.id), array_agg(s.fence))
        FROM unnest(p_ids, p_fences) AS s (id, fence) WHERE s.id = ANY (p_artifact_jobs);
    END IF;

    WITH said AS (
        SELECT DISTINCT ON (s.id, s.fence) s.*
        FROM unnest(p_ids, p_fences, p_outcomes, p_outputs, p_errors, p_delays) WITH ORDINALITY
             AS s (id, fence, outcome, outputs, error, delay, place)
        ORDER BY s.id, s.fence, s.place
    ), held AS (
        SELECT q.id, q.tenant_id, q.run_id, q.step_no, q.attempt, s.outputs, s.error, s.delay,
               CASE WHEN q.is_noted THEN NULL ELSE q.claimed_at END AS started,
               CASE
                   WHEN s.outcome IN ('retry', 'released', 'cancelled') AND q.is_cancelled THEN 'cancelled'
                   WHEN s.outcome = 'cancelled' THEN 'released'
                   WHEN s.outcome <> 'retry' OR q.attempt < q.max_attempts THEN s.outcome
                   WHEN s.error::json ->> 'code' = 'timed_out' THEN 'timed_out'
                   ELSE 'failed'
               END AS outcome
        -- The fence: what comes from a claim that was lost changes nothing.
        FROM said s
        CROSS JOIN LATERAL (
            SELECT q.* FROM nofx.queue q
            WHERE q.id = s.id AND q.fence = s.fence AND q.lease_until IS NOT NULL AND q.run_id IS NOT NULL FOR UPDATE
        ) q
    ), kept AS (
        UPDATE nofx.queue q
        -- What is given back at once keeps its place.
        SET state = CASE WHEN h.delay > interval '0' THEN 'd' ELSE 'r' END::"char", lease_until = NULL,
            run_at = CASE WHEN h.outcome = 'retry' OR h.delay > interval '0' THEN now() + h.delay ELSE q.run_at END,
            attempt = q.attempt - (h.outcome = 'released')::integer
        FROM held h WHERE q.id = h.id AND h.outcome IN ('retry', 'released')
    ), gone AS (
        DELETE FROM nofx.queue q
        WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h WHERE h.outcome NOT IN ('retry', 'released')))
    )
    SELECT array_agg(h.id) AS ids, array_agg(h.tenant_id) FILTER (WHERE e.ends) AS teams,
           array_agg(h.run_id) FILTER (WHERE e.ends) AS runs,
           array_agg(h.step_no::integer) FILTER (WHERE e.ends) AS nos,
           array_agg(h.outcome) FILTER (WHERE e.ends) AS outcomes,
           array_agg(CASE h.outcome WHEN 'succeeded' THEN h.outputs END) FILTER (WHERE e.ends) AS outputs,
           array_agg(CASE WHEN h.outcome IN ('failed', 'timed_out') THEN h.error END)
               FILTER (WHERE e.ends) AS errors,
           array_agg(h.attempt::integer) FILTER (WHERE e.ends) AS attempts,
           array_agg(h.started) FILTER (WHERE e.ends) AS started,
           array_agg(h.id) FILTER (WHERE h.outcome = 'succeeded') AS succeeded,
           array_agg(h.id) FILTER (WHERE h.outcome = 'retry') AS again
    INTO v_ended
    FROM held h CROSS JOIN LATERAL (SELECT h.outcome NOT IN ('retry', 'released') AS ends) e;

    IF cardinality(p_artifact_jobs) > 0 AND v_ended.succeeded IS NOT NULL THEN
        FOR v_step IN
            WITH artifacts AS (
                INSERT INTO nofx.artifacts AS x (team_id, run_id, step_no, name, content_type, sha256, content)
                SELECT DISTINCT ON (h.team_id, h.run_id, h.no, a.name)
                       h.team_id, h.run_id, h.no, a.name, a.type, a.hash, a.content
                FROM unnest(p_artifact_jobs, p_artifact_names, p_artifact_types, p_artifact_hashes, p_artifacts)
                     WITH ORDINALITY AS a (job, name, type, hash, content, place)
                JOIN unnest(v_ended.teams, v_ended.runs, v_ended.nos) AS h (team_id, run_id, no)
                  ON nofx.step_job(h.run_id, h.no) = a.job
                WHERE a.job = ANY (v_ended.succeeded)
                -- Of what has one name, the last.
                ORDER BY h.team_id, h.run_id, h.no, a.name, a.place DESC
                ON CONFLICT (team_id, run_id, step_no, name) DO UPDATE
                SET content_type = excluded.content_type, sha256 = excluded.sha256, content = excluded.content,
                    created_at = excluded.created_at
                RETURNING x.*
            )
            SELECT a.team_id, a.run_id, array_agg(a.step_no::integer ORDER BY a.step_no, a.name) AS nos,
                   array_agg('artifact.created'::text) AS types,
                   array_agg(json_build_object('name', a.name, 'contentType', a.content_type,
                                               'sha256', encode(a.sha256, 'hex'), 'size', octet_length(a.content))
                             ORDER BY a.step_no, a.name) AS data
            FROM artifacts a GROUP BY 1, 2
        LOOP
            PERFORM nofx.add_events(v_step.team_id, v_step.run_id, v_step.nos, v_step.types, v_step.data);
        END LOOP;
    END IF;

    IF v_ended.again IS NOT NULL THEN
        FOR v_step IN
            SELECT q.tenant_id, q.run_id, q.step_no, q.attempt, q.is_noted, q.claimed_at, s.error, s.delay
            FROM (
                SELECT DISTINCT ON (s.id, s.fence) s.*
                FROM unnest(p_ids, p_fences, p_errors, p_delays) WITH ORDINALITY AS s (id, fence, error, delay, place)
                ORDER BY s.id, s.fence, s.place
            ) s
            JOIN nofx.queue q ON q.id = s.id AND q.fence = s.fence
            WHERE q.id = ANY (v_ended.again)
        LOOP
            UPDATE nofx.steps s
            SET attempt = v_step.attempt, error = v_step.error::json,
                started_at = coalesce(s.started_at, v_step.claimed_at)
            WHERE s.team_id = v_step.tenant_id AND s.run_id = v_step.run_id AND s.no = v_step.step_no;
            IF NOT v_step.is_noted THEN
                PERFORM nofx.add_events(v_step.tenant_id, v_step.run_id, ARRAY[v_step.step_no::integer],
                                        '{step.started}', ARRAY[json_build_object('attempt', v_step.attempt)]);
            END IF;
            PERFORM nofx.add_events(
                v_step.tenant_id, v_step.run_id, ARRAY[v_step.step_no::integer], '{step.retrying}',
                ARRAY[json_build_object('attempt', v_step.attempt, 'error', v_step.error::json,
                                        'delaySeconds', ceil(extract(epoch FROM v_step.delay)))]);
        END LOOP;
    END IF;

    IF v_ended.teams IS NOT NULL THEN
        PERFORM nofx.end_steps(v_ended.teams, v_ended.runs, v_ended.nos, v_ended.outcomes, v_ended.outputs,
                               v_ended.errors, v_ended.attempts, v_ended.started);
    END IF;
    RETURN QUERY SELECT unnest(v_ended.ids);
END
$$;

-- Makes jobs ready whose time has come; takes jobs from claimants whose leases are over, to be tried again or given up;
-- ends gates that nobody decided in time; and cancels runs beyond their deadline. For every worker, before it claims:
-- there is no process that must always be there. At most so many of each kind, and no further run once some thousand
-- steps have ended with those before: nobody's runs may keep all others from being seen to.
--
-- p_schedule has the waits before each attempt of a job that is no step.
CREATE FUNCTION nofx.tend_queue(
    p_limit integer, p_schedule interval[], OUT promoted integer, OUT rescued integer, OUT given_up integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_job  record;
    v_run  record;
    v_work integer := 0;
BEGIN
    -- The runs first, and in the order of their jobs' ids: what is stopped may have to wait for a heartbeat, which must
    -- not wait for what was changed here before. Nothing below waits for anybody.
    FOR v_run IN
        SELECT r.team_id, r.id, r.steps_open FROM nofx.runs r
        WHERE r.ended_at IS NULL AND r.deadline_at <= now() AND r.cancel_requested_at IS NULL
          AND r.id = ANY (ARRAY(
              SELECT o.id FROM nofx.runs o
              WHERE o.ended_at IS NULL AND o.deadline_at <= now() AND o.cancel_requested_at IS NULL
              ORDER BY o.deadline_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
          ))
        ORDER BY r.id
    LOOP
        EXIT WHEN v_work >= 5000;
        v_work := v_work + v_run.steps_open;
        PERFORM nofx.stop_run(v_run.team_id, v_run.id, json_build_object('reason', (
            SELECT CASE WHEN t.deleted_at IS NULL THEN 'deadline' ELSE 'team_deleted' END
            FROM nofx.teams t WHERE t.id = v_run.team_id)));
    END LOOP;

    WITH due AS (
        UPDATE nofx.queue q SET state = 'r'
        WHERE q.id = ANY (ARRAY(
            SELECT d.id FROM nofx.queue d WHERE d.state = 'd' AND d.run_at <= now()
            ORDER BY d.run_at LIMIT p_limit * 10 FOR UPDATE SKIP LOCKED
        ))
        RETURNING q.id
    )
    SELECT count(*) INTO promoted FROM due;

    WITH expired AS (
        SELECT q.id, q.attempt >= cardinality(p_schedule) AS is_last FROM nofx.queue q
        WHERE q.state = 'l' AND q.lease_until <= now() AND q.run_id IS NULL
        ORDER BY q.id LIMIT p_limit FOR UPDATE SKIP LOCKED
    ), kept AS (
        UPDATE nofx.queue q
        SET state = CASE WHEN p_schedule[q.attempt + 1] > interval '0' THEN 'd' ELSE 'r' END::"char",
            lease_until = NULL, run_at = now() + p_schedule[q.attempt + 1], error = 'lease_expired'
        FROM expired e WHERE q.id = e.id AND NOT e.is_last AND NOT q.is_cancelled
        RETURNING q.id
    ), gone AS (
        DELETE FROM nofx.queue q USING expired e WHERE q.id = e.id AND (e.is_last OR q.is_cancelled)
        RETURNING q.*
    ), dead AS (
        INSERT INTO nofx.dead_jobs (id, topic, tenant_id, priority, attempts, error, enqueued_at, died_at, payload)
        SELECT g.id, g.topic, g.tenant_id, g.priority, g.attempt, 'lease_expired', g.enqueued_at, now(), g.payload
        FROM gone g WHERE NOT g.is_cancelled
        RETURNING id
    )
    SELECT (SELECT count(*) FROM kept), (SELECT count(*) FROM dead) INTO rescued, given_up;

    FOR v_job IN
        WITH expired AS (
            SELECT DISTINCT q.tenant_id, q.run_id FROM nofx.queue q
            WHERE q.state = 'l' AND q.lease_until <= now() AND q.run_id IS NOT NULL
        ), runs AS (
            -- So many of those that nobody else is changing, and not of those that come first.
            SELECT r.team_id, r.id, r.steps_open FROM nofx.runs r JOIN expired e ON e.tenant_id = r.team_id AND e.run_id = r.id
            ORDER BY r.team_id, r.id LIMIT p_limit FOR NO KEY UPDATE OF r SKIP LOCKED
        )
        -- Whether the lease is over is asked again under the lock.
        SELECT q.*, r.steps_open FROM nofx.queue q JOIN runs r ON r.team_id = q.tenant_id AND r.id = q.run_id
        WHERE q.state = 'l' AND q.lease_until <= now() ORDER BY q.id LIMIT p_limit FOR UPDATE OF q SKIP LOCKED
    LOOP
        IF v_job.attempt < v_job.max_attempts AND NOT v_job.is_cancelled THEN
            IF NOT v_job.is_noted THEN
                PERFORM nofx.add_events(v_job.tenant_id, v_job.run_id, ARRAY[v_job.step_no::integer], '{step.started}',
                                        ARRAY[json_build_object('attempt', v_job.attempt)]);
            END IF;
            UPDATE nofx.queue q SET state = 'r', lease_until = NULL, run_at = now() WHERE q.id = v_job.id;
            UPDATE nofx.steps s
            SET attempt = v_job.attempt, started_at = coalesce(s.started_at, v_job.claimed_at)
            WHERE s.team_id = v_job.tenant_id AND s.run_id = v_job.run_id AND s.no = v_job.step_no;
            PERFORM nofx.add_events(v_job.tenant_id, v_job.run_id, ARRAY[v_job.step_no::integer], '{step.rescued}',
                                    ARRAY[json_build_object('attempt', v_job.attempt)]);
            rescued := rescued + 1;
        ELSE
            CONTINUE WHEN v_work >= 5000;
            v_work := v_work + v_job.steps_open;
            DELETE FROM nofx.queue q WHERE q.id = v_job.id;
            PERFORM nofx.end_steps(
                ARRAY[v_job.tenant_id], ARRAY[v_job.run_id], ARRAY[v_job.step_no::integer],
                ARRAY[CASE WHEN v_job.is_cancelled THEN 'cancelled' ELSE 'failed' END], NULL,
                ARRAY[CASE WHEN NOT v_job.is_cancelled THEN
                    '{"code":"lease_expired","message":"The worker did not come back in time."}' END],
                ARRAY[v_job.attempt::integer],
                ARRAY[CASE WHEN NOT v_job.is_noted THEN v_job.claimed_at END]);
            given_up := given_up + (NOT v_job.is_cancelled)::integer;
        END IF;
    END LOOP;

    FOR v_run IN
        SELECT g.team_id, g.run_id, g.step_no, r.steps_open
        FROM nofx.gates g JOIN nofx.runs r ON r.team_id = g.team_id AND r.id = g.run_id
        WHERE g.status = 'pending' AND g.expires_at <= now()
        ORDER BY g.expires_at LIMIT p_limit FOR NO KEY UPDATE OF r SKIP LOCKED
    LOOP
        EXIT WHEN v_work >= 5000;
        v_work := v_work + v_run.steps_open;
        UPDATE nofx.gates g SET status = 'expired', decided_at = now()
        WHERE g.team_id = v_run.team_id AND g.run_id = v_run.run_id AND g.step_no = v_run.step_no
          AND g.status = 'pending' AND g.expires_at <= now();
        CONTINUE WHEN NOT FOUND;
        PERFORM nofx.add_events(v_run.team_id, v_run.run_id, ARRAY[v_run.step_no::integer], '{gate.expired}', '{NULL}');
        PERFORM nofx.end_steps(
            ARRAY[v_run.team_id], ARRAY[v_run.run_id], ARRAY[v_run.step_no::integer], '{failed}', NULL,
            ARRAY['{"code":"gate_expired","message":"Nobody decided in time."}'], NULL, NULL);
    END LOOP;
END
$$;
