-- revision: 1

-- The rows of circuit breakers: their number, their counters, and what operators see and change. A breaker named
-- `openai/MODEL` or `openai@KEY` is below the breaker `openai`.

-- The breaker above a breaker, or the breaker itself.
CREATE OR REPLACE FUNCTION nofx.circuit_root(p_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT split_part(split_part(p_name, '/', 1), '@', 1)
$$;

-- Adds the row of a breaker. Teams choose the models, so at most 200 breakers of models are kept below one breaker: for
-- another one, the oldest that is closed and clear goes, or else the oldest of the tenant that has most of them. So a
-- tenant that asks for many models displaces its own. What an operator set stays.
CREATE OR REPLACE FUNCTION nofx.add_circuit(p_name text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_root   text := nofx.circuit_root(p_name);
    v_now    timestamptz := clock_timestamp();
    v_victim text;
    v_fits   boolean := true;
BEGIN
    IF position('/' IN p_name) > 0 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('nofx.circuits ' || v_root, 0));
        IF (SELECT count(*) FROM nofx.circuit_breakers b
            WHERE nofx.circuit_root(b.name) = v_root AND position('/' IN b.name) > 0) >= 200 THEN
            v_fits := false;
            FOR v_victim IN
                SELECT k.name
                FROM (SELECT b.name, b.state IN ('forced_open', 'disabled', 'metrics_only') AS is_override,
                             b.state = 'closed' AND coalesce(b.not_before <= v_now, true)
                             AND (b.failures = 0 OR b.last_failure_at <= v_now - interval '5 minutes') AS is_idle,
                             count(*) OVER (PARTITION BY b.last_tenant) AS share,
                             greatest(b.changed_at, b.last_failure_at, b.not_before) AS used_at
                      FROM nofx.circuit_breakers b
                      WHERE nofx.circuit_root(b.name) = v_root AND position('/' IN b.name) > 0) k
                WHERE NOT k.is_override
                ORDER BY k.is_idle DESC, CASE WHEN k.is_idle THEN 0 ELSE k.share END DESC, k.used_at
            LOOP
                -- A locked row belongs to a call that ends now, and waiting for it could lock both calls for ever.
                DELETE FROM nofx.circuit_breakers b WHERE b.name = (
                    SELECT l.name FROM nofx.circuit_breakers l WHERE l.name = v_victim FOR UPDATE SKIP LOCKED);
                v_fits := FOUND;
                EXIT WHEN v_fits;
            END LOOP;
            IF v_fits THEN DELETE FROM nofx.circuit_counters c WHERE c.name = v_victim; END IF;
        END IF;
    END IF;
    IF NOT v_fits THEN RETURN; END IF;
    INSERT INTO nofx.circuit_breakers (name) VALUES (p_name) ON CONFLICT DO NOTHING;
END
$$;

-- Counts a rejected call, unless that would have to wait. Shards are created when they are needed.
CREATE OR REPLACE FUNCTION nofx.count_circuit_rejection(p_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_shard smallint;
BEGIN
    SELECT c.shard INTO v_shard FROM nofx.circuit_counters c WHERE c.name = p_name
    LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE nofx.circuit_counters c SET rejections = c.rejections + 1 WHERE c.name = p_name AND c.shard = v_shard;
    ELSE
        INSERT INTO nofx.circuit_counters (name, shard, rejections)
        SELECT b.name, floor(random() * 16), 1 FROM nofx.circuit_breakers b WHERE b.name = p_name
        ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- A breaker as operators see it.
CREATE OR REPLACE FUNCTION nofx.circuit_object(b nofx.circuit_breakers) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'state', b.state, 'generation', b.generation, 'failures', b.failures, 'opens', b.opens,
        'lastError', b.last_error,
        'retryAfterMs', CASE b.state WHEN 'open' THEN ceil(nofx.circuit_wait(b.open_until, clock_timestamp()) / 1000.0)
                        END,
        'gate', CASE WHEN b.not_before > clock_timestamp() THEN b.cooldown_reason END,
        'gateMs', CASE WHEN b.not_before > clock_timestamp()
                  THEN ceil(nofx.circuit_wait(b.not_before, clock_timestamp()) / 1000.0) END)
$$;

-- Changes a breaker's state for an operator. `reset` closes it and ends its cool-down. `force_open`, `disable` and
-- `metrics_only` set states that only `enable` and `reset` end. The same action again changes nothing. A breaker
-- without a row is closed; where it stays so, before and after are NULL.
CREATE OR REPLACE FUNCTION nofx.circuit_set(p_name text, p_action text, OUT before jsonb, OUT after jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    b        nofx.circuit_breakers;
    v_target text := CASE p_action WHEN 'reset' THEN 'closed' WHEN 'enable' THEN 'closed'
                     WHEN 'force_open' THEN 'forced_open' WHEN 'disable' THEN 'disabled'
                     WHEN 'metrics_only' THEN 'metrics_only' END;
    v_changes boolean;
BEGIN
    PERFORM nofx.require_operator();
    IF v_target IS NULL THEN
        RAISE EXCEPTION 'there is no such action' USING ERRCODE = '22023';
    END IF;
    IF v_target <> 'closed' THEN
        INSERT INTO nofx.circuit_breakers (name) VALUES (p_name) ON CONFLICT DO NOTHING;
    END IF;
    SELECT * INTO b FROM nofx.circuit_breakers c WHERE c.name = p_name FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    before := nofx.circuit_object(b);
    v_changes := CASE p_action
        WHEN 'reset' THEN b.state <> 'closed' OR b.failures > 0 OR coalesce(b.not_before > clock_timestamp(), false)
                          OR EXISTS (SELECT FROM nofx.circuit_windows w WHERE w.name = p_name)
        WHEN 'enable' THEN b.state IN ('forced_open', 'disabled', 'metrics_only')
        ELSE b.state <> v_target END;
    IF v_changes THEN PERFORM nofx.circuit_clear(p_name, v_target, clock_timestamp()); END IF;
    IF v_changes AND p_action = 'reset' THEN
        UPDATE nofx.circuit_breakers c SET not_before = NULL, cooldown_reason = NULL WHERE c.name = p_name;
    END IF;
    SELECT nofx.circuit_object(c) INTO after FROM nofx.circuit_breakers c WHERE c.name = p_name;
END
$$;
