-- revision: 1

-- What workers call about steps. A worker gets the rows of nofx.queue from claim_jobs, which reserves them: an attempt
-- begins, and counts, when a worker says so here. Database/functions/sweeps.sql has what workers do for all.

-- Locks the runs of held claims, in their order. It locks no run of a claim that is lost: finish_steps locks runs and then
-- calls begin_steps, and a run of a job that came back in the meantime would be locked out of order.
CREATE OR REPLACE FUNCTION nofx.lock_runs(p_ids uuid[], p_fences bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM nofx.runs r
    JOIN (
        SELECT DISTINCT q.tenant_id, q.run_id
        FROM unnest(p_ids, p_fences) AS l (id, fence)
        CROSS JOIN LATERAL (
            SELECT q.tenant_id, q.run_id FROM nofx.queue q WHERE q.id = l.id AND q.fence = l.fence OFFSET 0
        ) q
    ) k ON k.tenant_id = r.team_id AND k.run_id = r.id
    ORDER BY r.team_id, r.id FOR NO KEY UPDATE OF r;
END
$$;

-- Begins the attempts of claimed steps: each counts from here on, and its run's timeline says so. Returns the steps that
-- the worker may execute: those whose lease is still held and whose run is not being cancelled. To begin a step twice by
-- the same claim changes nothing. A step that has ended is begun too if p_even_cancelled.
CREATE OR REPLACE FUNCTION nofx.begin_steps(
    p_ids uuid[], p_fences bigint[], p_even_cancelled boolean DEFAULT false
) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_begun record;
BEGIN
    PERFORM nofx.lock_runs(p_ids, p_fences);
    WITH held AS MATERIALIZED (
        SELECT q.id, q.has_begun FROM (SELECT * FROM unnest(p_ids, p_fences) AS l (id, fence) ORDER BY l.id) l
        CROSS JOIN LATERAL (
            SELECT q.id, q.has_begun FROM nofx.queue q
            WHERE q.id = l.id AND q.fence = l.fence AND q.lease_until IS NOT NULL AND q.run_id IS NOT NULL
              AND (p_even_cancelled OR NOT q.is_cancelled) FOR NO KEY UPDATE
        ) q
    ), begun AS (
        UPDATE nofx.queue q SET has_begun = true, attempt = q.attempt + 1
        WHERE q.id = ANY (ARRAY(SELECT h.id FROM held h WHERE NOT h.has_begun))
        RETURNING q.tenant_id, q.run_id, q.step_no, q.attempt
    ), started AS (
        UPDATE nofx.steps s SET attempt = b.attempt, started_at = coalesce(s.started_at, clock_timestamp())
        FROM begun b WHERE s.team_id = b.tenant_id AND s.run_id = b.run_id AND s.no = b.step_no
    )
    SELECT ARRAY(SELECT DISTINCT h.id FROM held h) AS held, array_agg(b.tenant_id) AS teams,
           array_agg(b.run_id) AS runs, array_agg(b.step_no::integer) AS nos,
           array_agg('step.started'::text) AS types, array_agg(json_build_object('attempt', b.attempt)) AS data
    INTO v_begun FROM begun b;
    IF v_begun.teams IS NOT NULL THEN
        PERFORM nofx.add_step_events(v_begun.teams, v_begun.runs, v_begun.nos, v_begun.types, v_begun.data);
    END IF;
    RETURN QUERY SELECT unnest(v_begun.held);
END
$$;

-- Reports the outcomes of steps: `succeeded`; `failed`, without a retry; `cancelled`, which counts if the run is being
-- cancelled; `retry`, after a delay, if attempts are left and the run is not being cancelled; `interrupted` by the end of
-- the worker, to be available again if attempts are left, which an interruption does not use up if the step is
-- idempotent; or `released`, to be available again after a delay, as if the attempt had not begun. A result, also one of
-- `interrupted`, says that the attempt began, where begin_steps was not called for it. Artifacts are stored in the same
-- transaction as the step's success. A failure whose error has `requests` made that many requests to AI providers, and
-- counts as that many attempts. Returns the jobs whose report counted.
CREATE OR REPLACE FUNCTION nofx.finish_steps(
    p_ids uuid[], p_fences bigint[], p_outcomes text[], p_outputs text[], p_errors text[], p_delays interval[],
    p_artifact_jobs uuid[], p_artifact_names text[], p_artifact_types text[], p_artifact_hashes bytea[],
    p_artifacts bytea[]
) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_first record;
    v_ended record;
    v_files record;
    v_full  uuid[];
BEGIN
    PERFORM nofx.lock_runs(p_ids, p_fences);
    v_full := nofx.results_without_room(p_ids, p_outcomes, p_outputs, p_artifact_jobs, p_artifacts);
    IF cardinality(v_full) > 0 THEN
        SELECT array_agg(CASE WHEN f.is_full THEN 'failed' ELSE s.outcome END ORDER BY s.place),
               array_agg(CASE WHEN NOT f.is_full THEN s.outputs END ORDER BY s.place),
               array_agg(CASE WHEN f.is_full THEN
                   '{"code":"storage_full","message":"The team has no room left for the result of the step."}'
                   ELSE s.error END ORDER BY s.place)
        INTO p_outcomes, p_outputs, p_errors
        FROM unnest(p_ids, p_outcomes, p_outputs, p_errors) WITH ORDINALITY AS s (id, outcome, outputs, error, place)
        CROSS JOIN LATERAL (SELECT s.outcome = 'succeeded' AND s.id = ANY (v_full) AS is_full) f;
    END IF;
    -- The start of a step is recorded before its artifacts, and before what is told of a step that goes on. All jobs are
    -- locked in their order before begin_steps locks some.
    SELECT array_agg(s.id) AS ids, array_agg(s.fence) AS fences INTO v_first
    FROM unnest(p_ids, p_fences, p_outcomes) AS s (id, fence, outcome)
    WHERE s.outcome IN ('retry', 'interrupted') OR s.id = ANY (p_artifact_jobs);
    IF v_first.ids IS NOT NULL THEN
        PERFORM FROM nofx.queue q WHERE q.id = ANY (p_ids) ORDER BY q.id FOR UPDATE;
        PERFORM nofx.begin_steps(v_first.ids, v_first.fences, true);
    END IF;

    WITH said AS (
        SELECT DISTINCT ON (s.id, s.fence) s.*
        FROM unnest(p_ids, p_fences, p_outcomes, p_outputs, p_errors, p_delays) WITH ORDINALITY
             AS s (id, fence, outcome, outputs, error, delay, place)
        ORDER BY s.id, s.fence, s.place
    ), held AS (
        SELECT q.id, q.tenant_id, q.run_id, q.step_no, a.attempt, q.has_begun, q.claimed_at, s.outputs, s.delay,
               CASE s.outcome WHEN 'interrupted' THEN '{"code":"interrupted","message":"The worker had to end."}'
                              ELSE s.error END AS error,
               s.outcome = 'interrupted' AND (
                   SELECT p.is_idempotent FROM nofx.steps p
                   WHERE p.team_id = q.tenant_id AND p.run_id = q.run_id AND p.no = q.step_no
               ) AS is_idempotent,
               CASE
                   WHEN s.outcome IN ('retry', 'interrupted', 'released', 'cancelled') AND q.is_cancelled
                   THEN 'cancelled'
                   WHEN s.outcome = 'cancelled' THEN 'released'
                   WHEN s.outcome NOT IN ('retry', 'interrupted') OR a.attempt < q.max_attempts THEN s.outcome
                   WHEN s.outcome = 'interrupted' THEN 'failed'
                   WHEN s.error::json ->> 'code' = 'timed_out' THEN 'timed_out'
                   ELSE 'failed'
               END AS outcome
        -- The fencing token: a report of a lost claim changes nothing.
        FROM said s
        CROSS JOIN LATERAL (
            SELECT q.* FROM nofx.queue q
            WHERE q.id = s.id AND q.fence = s.fence AND q.lease_until IS NOT NULL AND q.run_id IS NOT NULL FOR UPDATE
        ) q
        CROSS JOIN LATERAL (
            SELECT (q.attempt - 1
                    + least(greatest((nullif(s.error, '')::json ->> 'requests')::integer, 1), 100))::smallint AS attempt
        ) a
    ), fates AS (
        SELECT h.id, h.tenant_id, h.run_id, h.step_no, h.outputs, h.delay, h.error, h.has_begun, h.is_idempotent,
               f.outcome, f.outcome NOT IN ('retry', 'interrupted', 'released') AS ends,
               CASE WHEN f.counts THEN h.claimed_at END AS started, (h.attempt + f.counts::integer)::smallint AS attempt
        FROM held h
        CROSS JOIN LATERAL (
            SELECT o.outcome, NOT h.has_begun AND o.outcome IN ('succeeded', 'failed', 'timed_out') AS counts
            FROM (SELECT CASE WHEN h.is_idempotent AND h.outcome = 'failed' THEN 'interrupted'
                              ELSE h.outcome END AS outcome) o
        ) f
    ), kept AS (
        UPDATE nofx.queue q
        -- A job that is available again without a delay keeps its place in the queue.
        SET state = CASE WHEN f.delay > interval '0' THEN 'scheduled' ELSE 'available' END, lease_until = NULL,
            text = NULL, text_at = NULL,
            run_at = CASE WHEN f.outcome = 'retry' OR f.delay > interval '0' THEN now() + f.delay ELSE q.run_at END,
            attempt = f.attempt - (f.outcome = 'released' AND f.has_begun)::integer,
            max_attempts = least(q.max_attempts + coalesce(f.is_idempotent, false)::integer, 32767)
        FROM fates f WHERE q.id = f.id AND NOT f.ends
    ), told AS (
        UPDATE nofx.steps s
        SET attempt = f.attempt - (f.outcome = 'released')::integer,
            error = CASE f.outcome WHEN 'released' THEN s.error ELSE f.error::json END
        FROM fates f
        WHERE NOT f.ends AND f.has_begun AND s.team_id = f.tenant_id AND s.run_id = f.run_id AND s.no = f.step_no
    ), gone AS (
        DELETE FROM nofx.queue q WHERE q.id = ANY (ARRAY(SELECT f.id FROM fates f WHERE f.ends))
    )
    SELECT array_agg(f.id) AS ids, array_agg(f.tenant_id) FILTER (WHERE f.ends) AS teams,
           array_agg(f.run_id) FILTER (WHERE f.ends) AS runs,
           array_agg(f.step_no::integer) FILTER (WHERE f.ends) AS nos,
           array_agg(f.outcome) FILTER (WHERE f.ends) AS outcomes,
           array_agg(CASE f.outcome WHEN 'succeeded' THEN f.outputs END) FILTER (WHERE f.ends) AS outputs,
           array_agg(CASE WHEN f.outcome IN ('failed', 'timed_out') THEN f.error END)
               FILTER (WHERE f.ends) AS errors,
           array_agg(f.attempt::integer) FILTER (WHERE f.ends) AS attempts,
           array_agg(f.started) FILTER (WHERE f.ends) AS started,
           array_agg(f.id) FILTER (WHERE f.outcome = 'succeeded') AS succeeded,
           array_agg(f.tenant_id) FILTER (WHERE f.goes_on) AS kept_teams,
           array_agg(f.run_id) FILTER (WHERE f.goes_on) AS kept_runs,
           array_agg(f.step_no::integer) FILTER (WHERE f.goes_on) AS kept_nos,
           array_agg(CASE f.outcome WHEN 'retry' THEN 'step.retrying' ELSE 'step.' || f.outcome END)
               FILTER (WHERE f.goes_on) AS kept_types,
           array_agg(CASE f.outcome
               WHEN 'retry' THEN json_build_object('attempt', f.attempt, 'error', f.error::json,
                                                   'delaySeconds', ceil(extract(epoch FROM f.delay)))
               ELSE json_build_object('attempt', f.attempt) END) FILTER (WHERE f.goes_on) AS kept_data
    INTO v_ended
    FROM (SELECT f.*, NOT f.ends AND f.has_begun AS goes_on FROM fates f) f;

    IF cardinality(p_artifact_jobs) > 0 AND v_ended.succeeded IS NOT NULL THEN
        WITH artifacts AS (
            INSERT INTO nofx.artifacts AS x (team_id, run_id, step_no, name, content_type, sha256, content)
            SELECT DISTINCT ON (h.team_id, h.run_id, h.no, a.name)
                   h.team_id, h.run_id, h.no, a.name, a.type, a.hash, a.content
            FROM unnest(p_artifact_jobs, p_artifact_names, p_artifact_types, p_artifact_hashes, p_artifacts)
                 WITH ORDINALITY AS a (job, name, type, hash, content, place)
            JOIN unnest(v_ended.teams, v_ended.runs, v_ended.nos) AS h (team_id, run_id, no)
              ON nofx.step_job_id(h.run_id, h.no) = a.job
            WHERE a.job = ANY (v_ended.succeeded)
            -- Of several artifacts with one name, the last.
            ORDER BY h.team_id, h.run_id, h.no, a.name, a.place DESC
            ON CONFLICT (team_id, run_id, step_no, name) DO UPDATE
            SET content_type = excluded.content_type, sha256 = excluded.sha256, content = excluded.content,
                created_at = excluded.created_at
            RETURNING x.*
        )
        SELECT array_agg(a.team_id) AS teams, array_agg(a.run_id) AS runs, array_agg(a.step_no::integer) AS nos,
               array_agg('artifact.created'::text) AS types,
               array_agg(json_build_object('name', a.name, 'contentType', a.content_type,
                                           'sha256', encode(a.sha256, 'hex'), 'size', octet_length(a.content))) AS data
        INTO v_files
        FROM (SELECT * FROM artifacts a ORDER BY a.step_no, a.name) a;
        IF v_files.teams IS NOT NULL THEN
            PERFORM nofx.add_step_events(v_files.teams, v_files.runs, v_files.nos, v_files.types, v_files.data);
            UPDATE nofx.runs r SET bytes = r.bytes + f.bytes
            FROM (SELECT f.team, f.run, sum((f.data ->> 'size')::bigint) AS bytes
                  FROM unnest(v_files.teams, v_files.runs, v_files.data) AS f (team, run, data) GROUP BY 1, 2) f
            WHERE r.team_id = f.team AND r.id = f.run;
        END IF;
    END IF;
    IF v_ended.kept_teams IS NOT NULL THEN
        PERFORM nofx.add_step_events(v_ended.kept_teams, v_ended.kept_runs, v_ended.kept_nos, v_ended.kept_types,
                                     v_ended.kept_data);
    END IF;
    IF v_ended.teams IS NOT NULL THEN
        PERFORM nofx.end_steps(v_ended.teams, v_ended.runs, v_ended.nos, v_ended.outcomes, v_ended.outputs,
                               v_ended.errors, v_ended.attempts, v_ended.started);
    END IF;
    RETURN QUERY SELECT unnest(v_ended.ids);
END
$$;

-- Deletes the circuit breakers of keys that no recent worker has, where the workers of a program have another key of the
-- provider; and those of models without a failure for a day. What an operator set stays.
CREATE OR REPLACE FUNCTION nofx.drop_stale_circuits(p_abilities text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH stale AS (
        SELECT b.name FROM nofx.circuit_breakers b
        WHERE b.state NOT IN ('forced_open', 'disabled', 'metrics_only')
          AND (position('@' IN b.name) > 0
               AND EXISTS (SELECT FROM unnest(p_abilities) AS a (ability)
                           WHERE starts_with(a.ability, 'key:' || nofx.circuit_root(b.name) || '@'))
               AND NOT EXISTS (SELECT FROM nofx.worker_kinds k
                               WHERE k.seen_at > now() - interval '10 minutes'
                                 AND 'key:' || split_part(b.name, '/', 1) = ANY (k.abilities))
               OR position('/' IN b.name) > 0 AND b.state IN ('closed', 'open', 'half_open')
               AND greatest(b.changed_at, b.last_failure_at, b.not_before) < now() - interval '1 day')
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM nofx.circuit_breakers b WHERE b.name IN (SELECT s.name FROM stale s) RETURNING b.name
    )
    DELETE FROM nofx.circuit_counters c WHERE c.name IN (SELECT g.name FROM gone g)
$$;

-- The texts that the running AI steps of a run have written so far, for a member who may read it; none for any other
-- caller. It notes for 15 seconds that someone watches: until then the workers of the steps keep their texts up to date.
-- It writes only if the last note is ten seconds old, and waits for no lock.
CREATE OR REPLACE FUNCTION nofx.watch_texts(p_team uuid, p_run uuid)
RETURNS TABLE (step text, attempt smallint, text text, at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
BEGIN
    PERFORM FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
    WHERE t.id = p_team AND t.deleted_at IS NULL AND m.user_id = nofx.me()
      AND 'read' = ANY (nofx.permissions(m.role, m.permissions));
    IF NOT FOUND THEN RETURN; END IF;
    v_ids := ARRAY(
        SELECT nofx.step_job_id(s.run_id, s.no) FROM nofx.steps s
        WHERE s.team_id = p_team AND s.run_id = p_run AND s.status = 'queued' AND starts_with(s.topic, 'ai.')
    );
    UPDATE nofx.queue q SET watched_until = now() + interval '15 seconds'
    WHERE q.id = ANY (ARRAY(
        SELECT w.id FROM nofx.queue w
        WHERE w.id = ANY (v_ids) AND w.lease_until > now()
          AND (w.watched_until IS NULL OR w.watched_until < now() + interval '5 seconds')
        FOR NO KEY UPDATE SKIP LOCKED
    ));
    RETURN QUERY
        SELECT s.name, q.attempt, q.text, q.text_at
        FROM nofx.queue q
        JOIN nofx.steps s ON s.team_id = q.tenant_id AND s.run_id = q.run_id AND s.no = q.step_no
        WHERE q.id = ANY (v_ids) AND q.lease_until > now() AND q.text IS NOT NULL
        ORDER BY s.no;
END
$$;

-- Stores what steps have written so far, where their lease is still held. Returns the jobs that are still watched. Rows
-- are locked as by heartbeats.
CREATE OR REPLACE FUNCTION nofx.show_texts(p_ids uuid[], p_fences bigint[], p_texts text[]) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH held AS (
        SELECT q.id, l.text
        FROM (SELECT * FROM unnest(p_ids, p_fences, p_texts) AS l (id, fence, text) ORDER BY l.id) l
        CROSS JOIN LATERAL (
            SELECT q.id FROM nofx.queue q
            WHERE q.id = l.id AND q.fence = l.fence AND q.lease_until > now() AND q.run_id IS NOT NULL
            FOR NO KEY UPDATE
        ) q
    ), shown AS (
        UPDATE nofx.queue q SET text = h.text, text_at = clock_timestamp() FROM held h WHERE q.id = h.id
        RETURNING q.id, q.watched_until
    )
    SELECT s.id FROM shown s WHERE s.watched_until > now()
$$;

-- Notes what a kind of worker can do, at most once in 30 seconds. When it does, it returns the available steps that have
-- waited for a minute and that no kind of worker can do, by topic, of at most 10,000 that it looks at.
CREATE OR REPLACE FUNCTION nofx.note_worker(p_topics text[], p_abilities text[], p_longest_s integer)
RETURNS TABLE (topic text, steps bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO nofx.worker_kinds AS k (id, topics, abilities, longest_s)
    VALUES (md5(concat_ws('|', p_topics::text, p_abilities::text, p_longest_s))::uuid, p_topics, p_abilities,
            p_longest_s)
    ON CONFLICT (id) DO UPDATE SET seen_at = now() WHERE k.seen_at < now() - interval '30 seconds';
    IF NOT FOUND THEN RETURN; END IF;
    DELETE FROM nofx.worker_kinds k WHERE k.id = ANY (ARRAY(
        SELECT o.id FROM nofx.worker_kinds o WHERE o.seen_at < now() - interval '1 day' FOR UPDATE SKIP LOCKED
    ));
    PERFORM nofx.drop_stale_circuits(p_abilities);
    RETURN QUERY
        SELECT w.topic, count(*)
        FROM (SELECT q.topic, q.needs, q.timeout_s FROM nofx.queue q
              WHERE q.state = 'available' AND q.run_id IS NOT NULL AND q.run_at < now() - interval '1 minute'
              LIMIT 10000) w
        WHERE NOT nofx.has_worker(w.topic, w.needs, w.timeout_s)
        GROUP BY w.topic;
END
$$;

-- Reads the artifacts that the inputs of claimed steps name, as long as the caller holds the steps' leases. `p_readers`
-- numbers the claimed steps, and `p_jobs` and `p_fences` are their leases. `p_steps` has the name of a step of the same run,
-- or with `p_exact` false a text that begins with it, a `/` and the artifact's name. Artifacts of a step beyond
-- p_step_limit bytes together are too large; beyond p_claim_limit bytes of all steps, those of all but p_first do not fit.
CREATE OR REPLACE FUNCTION nofx.read_artifacts(
    p_readers bigint[], p_jobs uuid[], p_fences bigint[], p_steps text[], p_names text[], p_exact boolean[],
    p_first bigint, p_step_limit bigint, p_claim_limit bigint
) RETURNS TABLE (place bigint, is_too_large boolean, fits boolean, content bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH meant AS (
        SELECT DISTINCT ON (r.place) r.place, r.reader, s.team_id, s.run_id, s.no,
               CASE WHEN r.is_exact THEN r.name ELSE substr(normalize(r.step), char_length(s.name) + 2) END AS name
        FROM unnest(p_readers, p_jobs, p_fences, p_steps, p_names, p_exact)
             WITH ORDINALITY AS r (reader, job, fence, step, name, is_exact, place)
        JOIN nofx.queue q ON q.id = r.job AND q.fence = r.fence AND q.lease_until IS NOT NULL
        JOIN nofx.steps s ON s.team_id = q.tenant_id AND s.run_id = q.run_id
         AND CASE WHEN r.is_exact THEN s.name = normalize(r.step)
                  ELSE starts_with(normalize(r.step), s.name || '/') END
        ORDER BY r.place, octet_length(s.name) DESC
    ), sized AS (
        SELECT m.*, octet_length(a.content) AS size,
               sum(octet_length(a.content)) OVER (PARTITION BY m.reader) > p_step_limit AS is_too_large
        FROM meant m JOIN nofx.artifacts a
          ON a.team_id = m.team_id AND a.run_id = m.run_id AND a.step_no = m.no AND a.name = m.name
    ), chosen AS (
        SELECT s.*, s.reader = p_first OR coalesce(
                   sum(s.size) FILTER (WHERE NOT s.is_too_large) OVER (ORDER BY s.place), 0) <= p_claim_limit AS fits
        FROM sized s
    )
    SELECT c.place, c.is_too_large, c.fits,
           CASE WHEN c.fits AND NOT c.is_too_large THEN (
               SELECT a.content FROM nofx.artifacts a
               WHERE a.team_id = c.team_id AND a.run_id = c.run_id AND a.step_no = c.no AND a.name = c.name
           ) END
    FROM chosen c
$$;

-- The steps of each topic that wait for a worker with some abilities: whether one is there whose time limit is at most
-- p_longest seconds, and how many have a longer one, counted up to p_limit.
CREATE OR REPLACE FUNCTION nofx.backlog(p_topics text[], p_longest integer, p_abilities text[], p_limit integer)
RETURNS TABLE (topic text, has_more boolean, too_long bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    SELECT t.topic,
           EXISTS (SELECT FROM nofx.queue q
                   WHERE q.topic = t.topic AND q.state = 'available' AND q.timeout_s <= p_longest
                     AND (q.needs IS NULL OR q.needs <@ p_abilities)),
           (SELECT count(*) FROM (
                SELECT FROM nofx.queue q
                WHERE q.topic = t.topic AND q.state = 'available' AND q.timeout_s > p_longest
                  AND (q.needs IS NULL OR q.needs <@ p_abilities) LIMIT p_limit) l)
    FROM unnest(p_topics) AS t (topic)
$$;
