-- revision: 1

-- Claims jobs of a topic that are due, in turns of the tenants that come after one; of each tenant by priority, then by
-- how long they have been due. No tenant can go before another one by what it says of its own jobs. At most 64 tenants
-- have a turn, each with the same share, and what is left goes to whoever has more. They are given back in turns: the
-- last one's tenant is the one to come after next time.
--
-- Nobody waits for a row that somebody else is just claiming. With limits, claimants of a topic take turns: what one
-- counts, no other changes. The plan is told to use the index: what the server knows of this table's size is old as
-- soon as it is known. Without the compiler, which would believe the costs of what is switched off.
CREATE OR REPLACE FUNCTION nofx.claim_jobs(
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
    -- A few more tenants than jobs: what is ready of the first may just be claimed by others.
    v_turns   integer := CASE WHEN p_tenant_limit IS NULL THEN least(greatest(p_count, 8), 64) ELSE 64 END;
    v_tenants uuid[];
    v_share   integer;
    v_rest    integer;
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

    FOR v_pass IN 1 .. 3 LOOP
        v_rest := v_count - cardinality(v_ids);
        EXIT WHEN v_tenants IS NULL OR v_rest <= 0;
        v_share := CASE v_pass WHEN 1 THEN greatest(1, v_rest / cardinality(v_tenants))
                               WHEN 2 THEN ceil(v_rest::numeric / cardinality(v_tenants)) ELSE v_rest END;
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
            LIMIT v_rest
        );
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
        FROM claimed c
        ORDER BY row_number() OVER (PARTITION BY c.tenant_id ORDER BY c.priority, c.run_at, c.id),
                 array_position(v_tenants, c.tenant_id);
END
$$;

-- The tenant with ready jobs of a topic that comes after another one, or else the first.
CREATE OR REPLACE FUNCTION nofx.next_tenant(p_topic text, p_after uuid) RETURNS uuid
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
CREATE OR REPLACE FUNCTION nofx.heartbeat_jobs(p_ids uuid[], p_fences bigint[], p_lease interval)
RETURNS TABLE (id uuid, is_cancelled boolean, fence bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH held AS (
        SELECT q.id FROM (SELECT * FROM unnest(p_ids, p_fences) AS l (id, fence) ORDER BY l.id) l
        CROSS JOIN LATERAL (
            SELECT q.id FROM nofx.queue q
            WHERE q.id = l.id AND q.fence = l.fence AND q.lease_until IS NOT NULL FOR NO KEY UPDATE
        ) q
    )
    UPDATE nofx.queue q SET lease_until = now() + p_lease WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h))
    RETURNING q.id, q.is_cancelled, q.fence
$$;

-- Says what became of jobs that are no steps: `completed`; `failed`, to be tried again after the schedule's next wait, if
-- there is one; `dead`, which is not; `released` after a delay, which gives the attempt back. Cancelled ones are not tried
-- again, and nobody's loss. Returns the places of those that counted: of what is said twice, the first.
CREATE OR REPLACE FUNCTION nofx.finish_jobs(
    p_ids uuid[], p_fences bigint[], p_outcomes text[], p_errors text[], p_delays interval[], p_schedule interval[]
) RETURNS SETOF integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH said AS (
        SELECT DISTINCT ON (s.id, s.fence) s.*
        FROM unnest(p_ids, p_fences, p_outcomes, p_errors, p_delays) WITH ORDINALITY
             AS s (id, fence, outcome, error, delay, place)
        ORDER BY s.id, s.fence, s.place
    ), held AS (
        SELECT q.id, s.place::integer, s.outcome, s.error,
               CASE WHEN q.is_cancelled OR s.outcome = 'completed' THEN 'gone'
                    WHEN s.outcome = 'dead' OR s.outcome = 'failed' AND q.attempt >= cardinality(p_schedule) THEN 'dead'
                    ELSE 'kept' END AS fate,
               coalesce(CASE s.outcome WHEN 'failed' THEN p_schedule[q.attempt + 1] ELSE s.delay END, interval '0') AS delay
        FROM said s
        CROSS JOIN LATERAL (
            SELECT q.* FROM nofx.queue q
            WHERE q.id = s.id AND q.fence = s.fence AND q.lease_until IS NOT NULL AND q.run_id IS NULL FOR UPDATE
        ) q
    ), kept AS (
        UPDATE nofx.queue q
        SET state = CASE WHEN h.delay > interval '0' THEN 'd' ELSE 'r' END::"char", lease_until = NULL,
            run_at = now() + h.delay, attempt = q.attempt - (h.outcome = 'released')::integer,
            error = CASE h.outcome WHEN 'failed' THEN h.error ELSE q.error END
        FROM held h WHERE q.id = h.id AND h.fate = 'kept'
    ), gone AS (
        DELETE FROM nofx.queue q USING held h WHERE q.id = h.id AND h.fate <> 'kept'
        RETURNING q.*, h.fate, h.error AS last_error
    ), dead AS (
        INSERT INTO nofx.dead_jobs (id, topic, tenant_id, priority, attempts, error, enqueued_at, died_at, payload)
        SELECT g.id, g.topic, g.tenant_id, g.priority, g.attempt, coalesce(g.last_error, 'failed'), g.enqueued_at, now(),
               g.payload
        FROM gone g WHERE g.fate = 'dead'
    )
    SELECT h.place FROM held h
$$;

-- Puts in jobs that are no steps, those that are not there yet: neither waiting nor given up. Returns how many.
CREATE OR REPLACE FUNCTION nofx.enqueue_jobs(
    p_ids uuid[], p_topics text[], p_tenants uuid[], p_priorities smallint[], p_delays interval[], p_payloads text[]
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_ids  uuid[];
    v_dead integer;
BEGIN
    WITH added AS (
        INSERT INTO nofx.queue AS q (id, topic, tenant_id, priority, state, run_at, payload)
        SELECT n.id, n.topic, n.tenant_id, n.priority, CASE WHEN n.delay > interval '0' THEN 'd' ELSE 'r' END::"char",
               now() + n.delay, n.payload::json
        FROM unnest(p_ids, p_topics, p_tenants, p_priorities, p_delays, p_payloads)
             AS n (id, topic, tenant_id, priority, delay, payload)
        WHERE NOT EXISTS (SELECT FROM nofx.dead_jobs d WHERE d.id = n.id)
        ON CONFLICT (id) DO NOTHING
        RETURNING q.id
    )
    SELECT array_agg(a.id) INTO v_ids FROM added a;
    -- One that was given up while this waited for its place is seen by now.
    DELETE FROM nofx.queue q
    WHERE q.id = ANY (v_ids) AND EXISTS (SELECT FROM nofx.dead_jobs d WHERE d.id = q.id);
    GET DIAGNOSTICS v_dead = ROW_COUNT;
    RETURN coalesce(cardinality(v_ids), 0) - v_dead;
END
$$;

-- Takes out a job that is no step: `removed`; `requested`, where somebody works on it; NULL, where it is not there.
CREATE OR REPLACE FUNCTION nofx.cancel_job(p_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_state "char";
BEGIN
    SELECT q.state INTO v_state FROM nofx.queue q WHERE q.id = p_id AND q.run_id IS NULL FOR UPDATE;
    IF v_state = 'l' THEN
        UPDATE nofx.queue q SET is_cancelled = true WHERE q.id = p_id;
    ELSE
        DELETE FROM nofx.queue q WHERE q.id = p_id AND v_state IS NOT NULL;
    END IF;
    RETURN CASE WHEN v_state = 'l' THEN 'requested' WHEN v_state IS NOT NULL THEN 'removed' END;
END
$$;

-- How many jobs of a tenant wait, ready or delayed: at most so many, topic by topic along the index.
CREATE OR REPLACE FUNCTION nofx.waiting_jobs(p_tenant uuid, p_limit integer) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH RECURSIVE topics (topic) AS (
        (SELECT q.topic FROM nofx.queue q WHERE q.state = 'r' ORDER BY q.topic LIMIT 1)
        UNION ALL
        SELECT (SELECT q.topic FROM nofx.queue q WHERE q.state = 'r' AND q.topic > t.topic ORDER BY q.topic LIMIT 1)
        FROM topics t WHERE t.topic IS NOT NULL
    )
    SELECT count(*)::integer FROM (
        SELECT FROM topics t, LATERAL (
            SELECT FROM nofx.queue q WHERE q.topic = t.topic AND q.tenant_id = p_tenant AND q.state = 'r' LIMIT p_limit
        ) j
        UNION ALL
        (SELECT FROM nofx.queue q WHERE q.tenant_id = p_tenant AND q.state = 'd' LIMIT p_limit)
        LIMIT p_limit
    ) waiting
$$;

-- How much there is in a topic, or in each where it is NULL. Times are microseconds: since when the one that has waited
-- longest was due, and since when the oldest is there.
CREATE OR REPLACE FUNCTION nofx.queue_counts(p_topic text) RETURNS TABLE (
    topic text, ready bigint, delayed bigint, leased bigint, dead bigint, longest_wait bigint, oldest_age bigint
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.topic, sum(t.ready)::bigint, sum(t.delayed)::bigint, sum(t.leased)::bigint, sum(t.dead)::bigint,
           CASE WHEN min(t.due_at) IS NOT NULL
                THEN greatest(0, extract(epoch FROM now() - min(t.due_at)) * 1000000)::bigint END,
           CASE WHEN min(t.enqueued_at) IS NOT NULL
                THEN greatest(0, extract(epoch FROM now() - min(t.enqueued_at)) * 1000000)::bigint END
    FROM (
        SELECT q.topic, count(*) FILTER (WHERE q.state = 'r') AS ready, count(*) FILTER (WHERE q.state = 'd') AS delayed,
               count(*) FILTER (WHERE q.state = 'l') AS leased, 0 AS dead,
               min(q.run_at) FILTER (WHERE q.state = 'r') AS due_at, min(q.enqueued_at) AS enqueued_at
        FROM nofx.queue q WHERE p_topic IS NULL OR q.topic = p_topic GROUP BY q.topic
        UNION ALL
        SELECT d.topic, 0, 0, 0, count(*), NULL, NULL
        FROM nofx.dead_jobs d WHERE p_topic IS NULL OR d.topic = p_topic GROUP BY d.topic
    ) t
    GROUP BY t.topic
$$;

-- The jobs of a topic that were given up, in the order of that, those after one.
CREATE OR REPLACE FUNCTION nofx.dead_jobs_of(p_topic text, p_limit bigint, p_after timestamptz, p_after_id uuid)
RETURNS SETOF nofx.dead_jobs
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.* FROM nofx.dead_jobs d
    WHERE d.topic = p_topic AND (p_after IS NULL OR (d.died_at, d.id) > (p_after, p_after_id))
    ORDER BY d.died_at, d.id LIMIT greatest(p_limit, 0)
$$;
