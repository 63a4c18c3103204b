-- revision: 1

-- Several breakers that guard one call: a provider, a key of it and a model. All locks are taken in the order of the
-- names, from the widest to the narrowest.

-- Asks several breakers, from the widest to the narrowest, whether a call may be made. Either there is a row for each,
-- and all permit the call; or there is one row, of the breaker that rejects it for the longest time.
--
-- A caller comes here after a read has shown breakers that are not closed and clear. All are looked at before a permit
-- is taken, so that a call that a narrow breaker rejects takes no permit of a wide one. A permit that was taken all the
-- same, because a breaker changed in between, is given back.
CREATE OR REPLACE FUNCTION nofx.circuits_acquire(p_names text[], p_policy jsonb) RETURNS TABLE (
    name text, verdict text, generation bigint, has_failures boolean, wait bigint, error text, transition text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_peeks   boolean;
    v_name    text;
    a         record;
    v_longest record;
    v_refuses boolean := false;
    v_rows    jsonb;
    v_row     jsonb;
BEGIN
    PERFORM nofx.require_caller();
    FOREACH v_peeks IN ARRAY ARRAY[true, false] LOOP
        v_rows := '[]';
        FOREACH v_name IN ARRAY p_names LOOP
            SELECT v_name AS name, c.* INTO a FROM nofx.circuit_acquire(v_name, p_policy, v_peeks) c;
            IF a.verdict IN ('allow', 'probe', 'unrecorded') THEN
                v_rows := v_rows || to_jsonb(a);
            ELSIF NOT v_refuses THEN
                v_refuses := true;
                v_longest := a;
            ELSIF v_longest.wait IS NOT NULL AND (a.wait IS NULL OR a.wait > v_longest.wait) THEN
                v_longest := a;
            END IF;
            EXIT WHEN v_refuses AND NOT v_peeks;
        END LOOP;
        EXIT WHEN v_refuses;
    END LOOP;
    IF NOT v_refuses THEN
        RETURN QUERY SELECT * FROM jsonb_to_recordset(v_rows) AS r (
            name text, verdict text, generation bigint, has_failures boolean, wait bigint, error text, transition text);
        RETURN;
    END IF;
    IF NOT v_peeks THEN
        FOR v_row IN SELECT * FROM jsonb_array_elements(v_rows) LOOP
            PERFORM nofx.circuit_record(v_row ->> 'name', (v_row ->> 'generation')::bigint, 'neutral', NULL, NULL, NULL,
                                        false, false, NULL, p_policy, NULL, NULL);
        END LOOP;
    END IF;
    PERFORM nofx.count_circuit_rejection(v_longest.name);
    RETURN QUERY SELECT v_longest.name, v_longest.verdict, v_longest.generation, v_longest.has_failures, v_longest.wait,
                        v_longest.error, v_longest.transition;
END
$$;

-- Records the outcomes of a call for several breakers, from the widest to the narrowest: an array of objects with the
-- arguments of circuit_record. There is a row for each breaker whose state changed.
CREATE OR REPLACE FUNCTION nofx.circuits_record(
    p_reports jsonb, p_is_slow boolean, p_reporter uuid, p_policy jsonb, p_tenant uuid
) RETURNS TABLE (name text, transition text, wait bigint, exceeded text[])
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT nofx.require_caller();
    SELECT o.name, r.transition, r.wait, r.exceeded
    FROM jsonb_to_recordset(p_reports)
         AS o (name text, generation bigint, outcome text, error text, wait bigint, reason text, "hasFailures" boolean,
               source text)
    CROSS JOIN LATERAL nofx.circuit_record(o.name, o.generation, o.outcome, o.error, o.wait, o.reason,
                                           o."hasFailures", p_is_slow, p_reporter, p_policy, p_tenant, o.source) r
    WHERE r.transition IS NOT NULL
$$;
