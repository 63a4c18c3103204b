-- revision: 1

-- The stored bytes of teams: the inputs, outputs and artifacts of their runs. nofx.runs counts them for each run, under
-- the lock that a change of the run takes anyway. The sum of a team is counted at most once a minute and kept, so that a
-- team's steps do not wait for each other and a team with many runs does not read them for each step. So a team may
-- exceed its limit by what it stores in a minute.

-- The stored bytes of a team, at most a minute old. A transaction that does not get the lock takes the older sum.
CREATE OR REPLACE FUNCTION nofx.stored_bytes(p_team uuid) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_sum nofx.team_bytes;
BEGIN
    SELECT b.* INTO v_sum FROM nofx.team_bytes b WHERE b.team_id = p_team;
    IF v_sum.counted_at > clock_timestamp() - interval '1 minute' THEN RETURN v_sum.bytes; END IF;
    -- A preview stores nothing.
    IF current_setting('transaction_read_only')::boolean THEN
        RETURN coalesce(v_sum.bytes, (SELECT sum(r.bytes) FROM nofx.runs r WHERE r.team_id = p_team), 0);
    END IF;
    IF v_sum.team_id IS NOT NULL THEN
        PERFORM FROM nofx.team_bytes b WHERE b.team_id = p_team FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN RETURN v_sum.bytes; END IF;
    END IF;
    INSERT INTO nofx.team_bytes AS b (team_id, bytes)
    SELECT p_team, coalesce(sum(r.bytes), 0) FROM nofx.runs r WHERE r.team_id = p_team
    ON CONFLICT (team_id) DO UPDATE SET bytes = excluded.bytes, counted_at = excluded.counted_at
    RETURNING b.* INTO v_sum;
    RETURN v_sum.bytes;
END
$$;

-- The jobs among successful ones whose outputs and artifacts their team has no room for. Results of at most 1 kB are not
-- looked at. The caller has locked the runs.
CREATE OR REPLACE FUNCTION nofx.results_without_room(
    p_ids uuid[], p_outcomes text[], p_outputs text[], p_artifact_jobs uuid[], p_artifacts bytea[]
) RETURNS uuid[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH results AS MATERIALIZED (
        SELECT s.id, s.place, coalesce(octet_length(s.outputs), 0) + coalesce((
                   SELECT sum(octet_length(a.content)) FROM unnest(p_artifact_jobs, p_artifacts) AS a (job, content)
                   WHERE a.job = s.id), 0) AS bytes
        FROM unnest(p_ids, p_outcomes, p_outputs) WITH ORDINALITY AS s (id, outcome, outputs, place)
        WHERE s.outcome = 'succeeded'
    ), sums AS (
        SELECT s.id, s.bytes, r.team_id, r.bytes AS bytes_of_run, r.bytes_limit,
               sum(s.bytes) OVER (PARTITION BY r.team_id ORDER BY s.place) AS added
        FROM results s
        CROSS JOIN LATERAL (
            SELECT r.team_id, r.bytes, r.bytes_limit
            FROM nofx.queue q JOIN nofx.runs r ON r.team_id = q.tenant_id AND r.id = q.run_id
            WHERE q.id = s.id OFFSET 0
        ) r
        WHERE s.bytes > 1024 AND r.bytes_limit IS NOT NULL
    )
    SELECT coalesce(array_agg(s.id), '{}') FROM sums s
    WHERE s.added + greatest(s.bytes_of_run, nofx.stored_bytes(s.team_id)) > s.bytes_limit
$$;
