-- min-compatible: 1

-- Work that is put down by one and done by another. A row is work that is due, delayed or claimed; it leaves when the
-- work is done, so the table stays as small as what there is to do.
--
-- Which claim of a job somebody has is told by its fence, a number that no other claim ever had. Clocks only say when
-- to take a job from a claimant that is gone; what counts afterwards is the fence alone.

-- Tables -----------------------------------------------------------------------------------------

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
CREATE POLICY queue_of_mine ON nofx.queue FOR SELECT USING (tenant_id IN (SELECT nofx.my_team_ids()));
ALTER TABLE nofx.dead_jobs ENABLE ROW LEVEL SECURITY;

-- The job of a step: the run's id with the step's number for its last two bytes, so that the jobs of a run lie
-- together.
CREATE FUNCTION nofx.step_job(p_run uuid, p_step integer) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(p_run::text, 32) || lpad(to_hex(p_step), 4, '0'))::uuid
$$;

-- Claims -----------------------------------------------------------------------------------------

-- Claims jobs of a topic that are due, in turns of the tenants that come after one; of each tenant by priority, then by
-- how long they have been due. No tenant can go before another one by what it says of its own jobs. At most 64 tenants
-- have a turn, each with the same share, and what is left goes to whoever has more.
--
-- Nobody waits for a row that somebody else is just claiming. With limits, claimants of a topic take turns: what one
-- counts, no other changes. The plan is told to use the index: what the server knows of this table's size is old as
-- soon as it is known. Without the compiler, which would believe the costs of what is switched off.
CREATE FUNCTION nofx.claim_jobs(
    p_topic text, p_count integer, p_lease interval, p_topic_limit integer, p_tenant_limit integer, p_after uuid
) RETURNS TABLE (
    id uuid, topic text, tenant_id uuid, run_id uuid, step_no smallint, attempt smallint, fence bigint,
    enqueued_at timestamptz, payload json
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
    v_count   integer := p_count;
    v_turns   integer := CASE WHEN p_tenant_limit IS NULL THEN least(p_count, 64) ELSE 64 END;
    v_tenants uuid[];
    v_share   integer;
    v_ids     uuid[] := '{}';
BEGIN
    IF p_topic_limit IS NOT NULL OR p_tenant_limit IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('nofx.queue/' || p_topic, 0));
        SELECT least(v_count, p_topic_limit - count(*)) INTO v_count
        FROM nofx.queue l WHERE l.topic = p_topic AND l.state = 'l' AND p_topic_limit IS NOT NULL;
        IF v_count <= 0 THEN RETURN; END IF;
    END IF;

    -- From tenant to tenant along the index, which begins again at its first after its last.
    WITH RECURSIVE turns AS (
        SELECT nofx.next_tenant(p_topic, p_after) AS tenant_id, NULL::uuid AS first_id, 1 AS turn
        UNION ALL
        SELECT nofx.next_tenant(p_topic, t.tenant_id), coalesce(t.first_id, t.tenant_id), t.turn + 1
        FROM turns t
        WHERE t.tenant_id IS NOT NULL AND t.turn < v_turns AND t.tenant_id IS DISTINCT FROM t.first_id
    )
    SELECT array_agg(t.tenant_id) INTO v_tenants
    FROM turns t WHERE t.tenant_id IS NOT NULL AND t.tenant_id IS DISTINCT FROM t.first_id;

    v_share := ceil(v_count::numeric / cardinality(v_tenants));
    FOR pass IN 1 .. 2 LOOP
        EXIT WHEN v_tenants IS NULL OR cardinality(v_ids) >= v_count;
        v_ids := v_ids || ARRAY(
            SELECT j.id
            FROM unnest(v_tenants) AS t (tenant_id)
            CROSS JOIN LATERAL (
                SELECT q.id FROM nofx.queue q
                WHERE q.topic = p_topic AND q.tenant_id = t.tenant_id AND q.state = 'r' AND q.id <> ALL (v_ids)
                ORDER BY q.priority, q.run_at, q.id
                LIMIT CASE WHEN p_tenant_limit IS NULL THEN v_share ELSE greatest(0, least(
                    v_share,
                    p_tenant_limit
                    - (SELECT count(*) FROM nofx.queue l
                       WHERE l.topic = p_topic AND l.tenant_id = t.tenant_id AND l.state = 'l')
                    - (SELECT count(*) FROM nofx.queue l WHERE l.id = ANY (v_ids) AND l.tenant_id = t.tenant_id)
                )) END
                FOR UPDATE SKIP LOCKED
            ) j
            LIMIT v_count - cardinality(v_ids)
        );
        v_share := v_count;
    END LOOP;
    IF cardinality(v_ids) = 0 THEN RETURN; END IF;

    RETURN QUERY
        WITH claimed AS (
            UPDATE nofx.queue q
            SET state = 'l', attempt = q.attempt + 1, fence = nextval('nofx.queue_fences'), is_noted = false,
                claimed_at = now(), lease_until = now() + p_lease
            WHERE q.id = ANY (v_ids)
            RETURNING q.*
        )
        SELECT c.id, c.topic, c.tenant_id, c.run_id, c.step_no, c.attempt, c.fence, c.enqueued_at, c.payload
        FROM claimed c ORDER BY array_position(v_tenants, c.tenant_id), c.priority, c.run_at, c.id;
END
$$;

-- The tenant with ready jobs of a topic that comes after another one, or else the first.
CREATE FUNCTION nofx.next_tenant(p_topic text, p_after uuid) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT q.tenant_id FROM nofx.queue q WHERE q.topic = p_topic AND q.state = 'r' AND q.tenant_id > p_after
         ORDER BY q.tenant_id LIMIT 1),
        (SELECT q.tenant_id FROM nofx.queue q WHERE q.topic = p_topic AND q.state = 'r' ORDER BY q.tenant_id LIMIT 1)
    )
$$;

-- Makes leases last for another while. A row for each that is held, with whether nobody wants the job done any more.
-- Rows are locked in one order: two heartbeats that name the same jobs do not wait for each other. They are looked up one
-- by one, and by lease_until, because the server, which knows too late how many are leased, would read them all.
CREATE FUNCTION nofx.heartbeat_jobs(p_ids uuid[], p_fences bigint[], p_lease interval)
RETURNS TABLE (id uuid, is_cancelled boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH held AS (
        SELECT q.id FROM (SELECT * FROM unnest(p_ids, p_fences) AS l (id, fence) ORDER BY l.id) l
        CROSS JOIN LATERAL (
            SELECT q.id FROM nofx.queue q
            WHERE q.id = l.id AND q.fence = l.fence AND q.lease_until IS NOT NULL FOR NO KEY UPDATE
        ) q
    )
    UPDATE nofx.queue q SET lease_until = now() + p_lease WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h))
    RETURNING q.id, q.is_cancelled
$$;

-- Says what became of jobs that are no steps: `completed`; `failed`, to be tried again after a delay; `dead`, for
-- those that are not; `released`, which gives the attempt back. Cancelled ones are not tried again. Returns those that
-- counted.
CREATE FUNCTION nofx.finish_jobs(
    p_ids uuid[], p_fences bigint[], p_outcomes text[], p_errors text[], p_delays interval[]
) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH held AS (
        SELECT q.id, q.is_cancelled, s.outcome, s.error, s.delay
        FROM (
            SELECT * FROM unnest(p_ids, p_fences, p_outcomes, p_errors, p_delays)
                AS s (id, fence, outcome, error, delay) ORDER BY s.id
        ) s
        CROSS JOIN LATERAL (
            SELECT q.* FROM nofx.queue q
            WHERE q.id = s.id AND q.fence = s.fence AND q.lease_until IS NOT NULL AND q.run_id IS NULL FOR UPDATE
        ) q
    ), kept AS (
        UPDATE nofx.queue q
        SET state = CASE WHEN h.delay > interval '0' THEN 'd' ELSE 'r' END::"char", lease_until = NULL,
            run_at = now() + h.delay, attempt = q.attempt - (h.outcome = 'released')::integer,
            error = CASE h.outcome WHEN 'failed' THEN h.error ELSE q.error END
        FROM held h WHERE q.id = h.id AND h.outcome IN ('failed', 'released') AND NOT h.is_cancelled
    ), gone AS (
        DELETE FROM nofx.queue q USING held h
        WHERE q.id = h.id AND (h.outcome IN ('completed', 'dead') OR h.is_cancelled)
        RETURNING q.*, h.outcome, h.error AS last_error
    ), dead AS (
        INSERT INTO nofx.dead_jobs (id, topic, tenant_id, priority, attempts, error, enqueued_at, payload)
        SELECT g.id, g.topic, g.tenant_id, g.priority, g.attempt, g.last_error, g.enqueued_at, g.payload
        FROM gone g WHERE g.outcome = 'dead' AND NOT g.is_cancelled
    )
    SELECT h.id FROM held h
$$;
