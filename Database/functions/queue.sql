-- revision: 1

-- The queue. A row of nofx.queue is a job that is available, scheduled for later, or running; it leaves the table when
-- the job is done, so the table stays as small as the work there is.
--
-- Each claim gets a fencing token, `fence`, which no other claim ever had. A result counts only with the token of the
-- last claim. Clocks only decide when a job is taken from a worker whose lease has expired.

-- Claims available jobs of a topic, round-robin across the tenants that follow p_after_tenant; for each tenant by
-- priority, then by due time. A tenant's priorities order its own jobs only. The tenants have turns in groups, each
-- with the same share of the group's jobs, and the rest goes to tenants with more jobs; where a group has too few jobs
-- that may be claimed, the next group has its turn, until all tenants had one. The rows alternate between tenants; the
-- tenant of the last row is the p_after_tenant of the next claim. With p_tenants, only these tenants have a turn, in
-- this order.
--
-- A claim reserves steps for a worker: an attempt of a step counts when it begins (see begin_steps). Of a job that is
-- not a step, the claim is the attempt. A worker leaves out the tenants in p_except, takes at most p_share jobs of one
-- tenant, and says what it can do: time limits from p_shortest to p_longest seconds (0 is the default limit), and the
-- needs in p_abilities.
--
-- A claim skips rows that another claim has locked. With limits, the claims of a topic run one after the other, so that
-- the counts hold. The planner must use the index, because its estimate of this table's size is always out of date; jit
-- is off, because it would trust the cost of the disabled plans.
CREATE OR REPLACE FUNCTION nofx.claim_jobs(
    p_topic text, p_count integer, p_lease interval, p_topic_limit integer, p_tenant_limit integer, p_after_tenant uuid,
    p_tenants uuid[] DEFAULT NULL, p_except uuid[] DEFAULT '{}', p_share integer DEFAULT NULL,
    p_shortest integer DEFAULT 0, p_longest integer DEFAULT 2147483647, p_abilities text[] DEFAULT NULL
) RETURNS TABLE (
    id uuid, topic text, tenant_id uuid, run_id uuid, step_no smallint, attempt smallint, fence bigint,
    enqueued_at timestamptz, payload json, max_attempts smallint, trace text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
    v_count   integer := p_count;
    -- A few more tenants than jobs: another claim may have locked the jobs of the first.
    v_turns   integer := least(greatest(p_count, 8), 64);
    v_full    uuid[] := p_except;
    v_first   uuid;
    v_next    uuid;
    v_laps    integer := 0;
    v_tenants uuid[] := p_tenants;
    v_seen    uuid[] := '{}';
    v_share   integer;
    v_rest    integer;
    v_ids     uuid[] := '{}';
    v_owners  uuid[] := '{}';
BEGIN
    IF p_topic_limit IS NOT NULL OR p_tenant_limit IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('nofx.queue/' || p_topic, 0));
        SELECT least(v_count, p_topic_limit - count(*)) INTO v_count
        FROM nofx.queue l WHERE l.topic = p_topic AND l.state = 'running' AND p_topic_limit IS NOT NULL;
        IF v_count <= 0 THEN RETURN; END IF;
    END IF;
    IF p_tenant_limit IS NOT NULL THEN
        v_full := v_full || ARRAY(
            SELECT l.tenant_id FROM nofx.queue l WHERE l.topic = p_topic AND l.state = 'running'
            GROUP BY l.tenant_id HAVING count(*) >= p_tenant_limit
        );
    END IF;
    IF p_tenants IS NULL THEN
        v_first := nofx.next_tenant(p_topic, p_after_tenant);
        v_next := v_first;
    END IF;

    LOOP
        IF p_tenants IS NULL THEN
            -- From tenant to tenant along the index; after the last tenant comes the first, and all had a turn when the
            -- walk is back at its start.
            WITH RECURSIVE turns AS (
                SELECT v_next AS tenant_id, v_laps AS laps, 1 AS turn
                UNION ALL
                SELECT n.tenant_id, n.laps, t.turn + 1
                FROM turns t
                CROSS JOIN LATERAL (
                    SELECT f.tenant_id, t.laps + (f.tenant_id <= t.tenant_id)::integer AS laps
                    FROM (SELECT nofx.next_tenant(p_topic, t.tenant_id) AS tenant_id OFFSET 0) f
                ) n
                WHERE t.turn <= v_turns AND (n.laps = 0 OR n.laps = 1 AND n.tenant_id < v_first)
            )
            SELECT array_agg(t.tenant_id) FILTER (WHERE t.turn <= v_turns AND t.tenant_id <> ALL (v_full)),
                   (array_agg(t.tenant_id) FILTER (WHERE t.turn > v_turns))[1], max(t.laps)
            INTO v_tenants, v_next, v_laps
            FROM turns t WHERE t.tenant_id IS NOT NULL;
            v_turns := 64;
        END IF;
        v_seen := v_seen || v_tenants;

        FOR v_pass IN 1 .. 3 LOOP
            v_rest := v_count - cardinality(v_ids);
            EXIT WHEN coalesce(cardinality(v_tenants), 0) = 0 OR v_rest <= 0;
            v_share := CASE v_pass WHEN 1 THEN greatest(1, v_rest / cardinality(v_tenants))
                                   WHEN 2 THEN ceil(v_rest::numeric / cardinality(v_tenants)) ELSE v_rest END;
            SELECT v_ids || array_agg(j.id), v_owners || array_agg(j.tenant_id) INTO v_ids, v_owners
            FROM (
                SELECT j.id, t.tenant_id
                FROM unnest(v_tenants) AS t (tenant_id)
                CROSS JOIN LATERAL (
                    SELECT q.id FROM nofx.queue q
                    WHERE q.topic = p_topic AND q.tenant_id = t.tenant_id AND q.state = 'available'
                      AND q.timeout_s BETWEEN p_shortest AND p_longest AND q.id <> ALL (v_ids)
                      AND (q.needs IS NULL OR p_abilities IS NULL OR q.needs <@ p_abilities)
                    ORDER BY q.priority, q.run_at, q.id
                    LIMIT CASE WHEN p_tenant_limit IS NULL AND p_share IS NULL THEN v_share ELSE greatest(0, least(
                        v_share,
                        p_share - cardinality(array_positions(v_owners, t.tenant_id)),
                        p_tenant_limit - cardinality(array_positions(v_owners, t.tenant_id)) - CASE
                            WHEN p_tenant_limit IS NOT NULL THEN
                                (SELECT count(*) FROM nofx.queue l
                                 WHERE l.topic = p_topic AND l.tenant_id = t.tenant_id AND l.state = 'running')
                        END
                    )) END
                    FOR UPDATE SKIP LOCKED
                ) j
                LIMIT v_rest
            ) j;
        END LOOP;
        EXIT WHEN v_next IS NULL OR cardinality(v_ids) >= v_count;
    END LOOP;
    IF cardinality(v_ids) = 0 THEN RETURN; END IF;

    RETURN QUERY
        WITH claimed AS (
            UPDATE nofx.queue q
            SET state = 'running', attempt = q.attempt + (q.run_id IS NULL)::integer, has_begun = false,
                fence = nextval('nofx.queue_fences'), claimed_at = now(), lease_until = now() + p_lease,
                text = NULL, text_at = NULL
            WHERE q.id = ANY (v_ids)
            RETURNING q.*
        )
        SELECT c.id, c.topic, c.tenant_id, c.run_id, c.step_no, (c.attempt + (c.run_id IS NOT NULL)::integer)::smallint,
               c.fence, c.enqueued_at, c.payload, c.max_attempts, c.trace
        FROM claimed c
        ORDER BY row_number() OVER (PARTITION BY c.tenant_id ORDER BY c.priority, c.run_at, c.id),
                 array_position(v_seen, c.tenant_id);
END
$$;

-- The tenant with available jobs of a topic that follows another tenant, or else the first.
CREATE OR REPLACE FUNCTION nofx.next_tenant(p_topic text, p_after_tenant uuid) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT q.tenant_id FROM nofx.queue q
         WHERE q.topic = p_topic AND q.state = 'available' AND q.tenant_id > p_after_tenant
         ORDER BY q.tenant_id LIMIT 1),
        (SELECT q.tenant_id FROM nofx.queue q WHERE q.topic = p_topic AND q.state = 'available'
         ORDER BY q.tenant_id LIMIT 1)
    )
$$;

-- Extends leases. A row for each lease that is still held, with whether the job has been cancelled, and whether someone
-- watches what it writes. Rows are locked in
-- one order, so that two heartbeats for the same jobs do not deadlock. Each row is looked up by its id, because the
-- planner, whose estimate of running jobs is out of date, would read them all.
CREATE OR REPLACE FUNCTION nofx.heartbeat_jobs(p_ids uuid[], p_fences bigint[], p_lease interval)
RETURNS TABLE (id uuid, is_cancelled boolean, fence bigint, is_watched boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH held AS (
        SELECT q.id FROM (SELECT * FROM unnest(p_ids, p_fences) AS l (id, fence) ORDER BY l.id) l
        CROSS JOIN LATERAL (
            SELECT q.id FROM nofx.queue q
            WHERE q.id = l.id AND q.fence = l.fence AND q.lease_until IS NOT NULL FOR NO KEY UPDATE
        ) q
    )
    UPDATE nofx.queue q SET lease_until = now() + p_lease WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h))
    RETURNING q.id, q.is_cancelled, q.fence, coalesce(q.watched_until > now(), false)
$$;

-- Reports the outcomes of jobs that are not steps: `completed`; `failed`, to be retried after the schedule's next wait
-- but not before the delay, or dead-lettered after the last; `dead_lettered`; or `released`, to be available again after
-- a delay, without counting the attempt. A cancelled job is neither retried nor dead-lettered. Returns the positions,
-- from 1, of the reports that counted; of two reports for one claim, the first counts.
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
                    WHEN s.outcome = 'dead_lettered' OR s.outcome = 'failed' AND q.attempt >= cardinality(p_schedule)
                    THEN 'dead_lettered'
                    ELSE 'kept' END AS fate,
               greatest(CASE s.outcome WHEN 'failed' THEN p_schedule[q.attempt + 1] END, s.delay, interval '0') AS delay
        FROM said s
        CROSS JOIN LATERAL (
            SELECT q.* FROM nofx.queue q
            WHERE q.id = s.id AND q.fence = s.fence AND q.lease_until IS NOT NULL AND q.run_id IS NULL FOR UPDATE
        ) q
    ), kept AS (
        UPDATE nofx.queue q
        SET state = CASE WHEN h.delay > interval '0' THEN 'scheduled' ELSE 'available' END, lease_until = NULL,
            run_at = now() + h.delay, attempt = q.attempt - (h.outcome = 'released')::integer,
            error = CASE h.outcome WHEN 'failed' THEN h.error ELSE q.error END
        FROM held h WHERE q.id = h.id AND h.fate = 'kept'
    ), gone AS (
        DELETE FROM nofx.queue q USING held h WHERE q.id = h.id AND h.fate <> 'kept'
        RETURNING q.*, h.fate, h.error AS last_error
    ), letters AS (
        INSERT INTO nofx.dead_letters
            (id, topic, tenant_id, priority, attempts, error, enqueued_at, dead_lettered_at, payload)
        SELECT g.id, g.topic, g.tenant_id, g.priority, g.attempt, coalesce(g.last_error, 'failed'), g.enqueued_at,
               now(), g.payload
        FROM gone g WHERE g.fate = 'dead_lettered'
    )
    SELECT h.place FROM held h
$$;

-- Adds jobs that are not steps. Jobs whose id is in the queue or a dead letter are left out. Returns the number added.
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
        SELECT n.id, n.topic, n.tenant_id, n.priority,
               CASE WHEN n.delay > interval '0' THEN 'scheduled' ELSE 'available' END, now() + n.delay, n.payload::json
        FROM unnest(p_ids, p_topics, p_tenants, p_priorities, p_delays, p_payloads)
             AS n (id, topic, tenant_id, priority, delay, payload)
        WHERE NOT EXISTS (SELECT FROM nofx.dead_letters d WHERE d.id = n.id)
        ON CONFLICT (id) DO NOTHING
        RETURNING q.id
    )
    SELECT array_agg(a.id) INTO v_ids FROM added a;
    -- A job that was dead-lettered while this statement waited for its id is visible by now.
    DELETE FROM nofx.queue q
    WHERE q.id = ANY (v_ids) AND EXISTS (SELECT FROM nofx.dead_letters d WHERE d.id = q.id);
    GET DIAGNOSTICS v_dead = ROW_COUNT;
    RETURN coalesce(cardinality(v_ids), 0) - v_dead;
END
$$;

-- Cancels a job that is not a step: `removed`; `requested` where a worker holds it; NULL where it does not exist.
CREATE OR REPLACE FUNCTION nofx.cancel_job(p_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_state text;
BEGIN
    SELECT q.state INTO v_state FROM nofx.queue q WHERE q.id = p_id AND q.run_id IS NULL FOR UPDATE;
    IF v_state = 'running' THEN
        UPDATE nofx.queue q SET is_cancelled = true WHERE q.id = p_id;
    ELSE
        DELETE FROM nofx.queue q WHERE q.id = p_id AND v_state IS NOT NULL;
    END IF;
    RETURN CASE WHEN v_state = 'running' THEN 'requested' WHEN v_state IS NOT NULL THEN 'removed' END;
END
$$;

-- The number of available and scheduled steps of a tenant, at most p_limit, topic by topic along the index. Mail and
-- messages to webhooks do not count.
CREATE OR REPLACE FUNCTION nofx.waiting_jobs(p_tenant uuid, p_limit integer) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH RECURSIVE topics (topic) AS (
        (SELECT q.topic FROM nofx.queue q WHERE q.state = 'available' ORDER BY q.topic LIMIT 1)
        UNION ALL
        SELECT (SELECT q.topic FROM nofx.queue q
                WHERE q.state = 'available' AND q.topic > t.topic ORDER BY q.topic LIMIT 1)
        FROM topics t WHERE t.topic IS NOT NULL
    )
    SELECT count(*)::integer FROM (
        SELECT FROM topics t, LATERAL (
            SELECT FROM nofx.queue q
            WHERE q.topic = t.topic AND q.tenant_id = p_tenant AND q.state = 'available' LIMIT p_limit
        ) j
        WHERE t.topic NOT IN ('mail', 'webhook')
        UNION ALL
        (SELECT FROM nofx.queue q
         WHERE q.tenant_id = p_tenant AND q.state = 'scheduled' AND q.topic NOT IN ('mail', 'webhook') LIMIT p_limit)
        LIMIT p_limit
    ) waiting
$$;

-- Whether any worker of the last ten minutes could do a step with these needs and this time limit.
CREATE OR REPLACE FUNCTION nofx.has_worker(p_topic text, p_needs text[], p_timeout_s integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM nofx.worker_kinds k
        WHERE k.seen_at > now() - interval '10 minutes' AND p_topic = ANY (k.topics)
          AND coalesce(p_needs, '{}') <@ k.abilities AND p_timeout_s <= k.longest_s
    )
$$;

-- The number of jobs in a topic by state, or in each topic where p_topic is NULL; `undoable` are the available steps
-- that have waited for a minute and that no worker can do. Times are microseconds: how long ago the available job that
-- waits longest became due, and how long ago the oldest job was added. For operators.
CREATE OR REPLACE FUNCTION nofx.queue_counts(p_topic text) RETURNS TABLE (
    topic text, available bigint, scheduled bigint, running bigint, dead_lettered bigint, undoable bigint,
    longest_wait bigint, oldest_age bigint
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.topic, sum(t.available)::bigint, sum(t.scheduled)::bigint, sum(t.running)::bigint,
           sum(t.dead_lettered)::bigint, sum(t.undoable)::bigint,
           CASE WHEN min(t.due_at) IS NOT NULL
                THEN greatest(0, extract(epoch FROM now() - min(t.due_at)) * 1000000)::bigint END,
           CASE WHEN min(t.enqueued_at) IS NOT NULL
                THEN greatest(0, extract(epoch FROM now() - min(t.enqueued_at)) * 1000000)::bigint END
    FROM (
        SELECT q.topic, count(*) FILTER (WHERE q.state = 'available') AS available,
               count(*) FILTER (WHERE q.state = 'scheduled') AS scheduled,
               count(*) FILTER (WHERE q.state = 'running') AS running, 0 AS dead_lettered,
               count(*) FILTER (WHERE q.state = 'available' AND q.run_id IS NOT NULL
                                AND q.run_at < now() - interval '1 minute'
                                AND NOT nofx.has_worker(q.topic, q.needs, q.timeout_s)) AS undoable,
               min(q.run_at) FILTER (WHERE q.state = 'available') AS due_at, min(q.enqueued_at) AS enqueued_at
        FROM nofx.queue q WHERE p_topic IS NULL OR q.topic = p_topic GROUP BY q.topic
        UNION ALL
        SELECT d.topic, 0, 0, 0, count(*), 0, NULL, NULL
        FROM nofx.dead_letters d WHERE p_topic IS NULL OR d.topic = p_topic GROUP BY d.topic
    ) t
    WHERE (SELECT nofx.require_operator())
    GROUP BY t.topic
$$;

-- The dead letters of a topic, the oldest first, those after one.
CREATE OR REPLACE FUNCTION nofx.dead_letters_of(p_topic text, p_limit bigint, p_after timestamptz, p_after_id uuid)
RETURNS SETOF nofx.dead_letters
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.* FROM nofx.dead_letters d
    WHERE d.topic = p_topic AND (p_after IS NULL OR (d.dead_lettered_at, d.id) > (p_after, p_after_id))
    ORDER BY d.dead_lettered_at, d.id LIMIT greatest(p_limit, 0)
$$;
