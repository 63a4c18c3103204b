-- revision: 1

-- Circuit breakers that all processes share. All times are by the database's clock, and callers are told how long to
-- wait, never until when. Every answer carries the breaker's generation. A result of another generation changes
-- nothing: it is dropped before anything is locked.
--
-- A call brings its policy along, as JSON whose times are microseconds.

-- A time of a policy; NULL where the policy has none.
CREATE OR REPLACE FUNCTION nofx.circuit_time(p_policy jsonb, p_key text) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_policy ->> p_key)::bigint * interval '1 microsecond'
$$;

-- The microseconds until a moment, never negative.
CREATE OR REPLACE FUNCTION nofx.circuit_wait(p_until timestamptz, p_now timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT greatest(0, (extract(epoch FROM p_until - p_now) * 1000000)::bigint)
$$;

-- The cool-down of a breaker that opens: p_opens counts the consecutive openings since it was last closed.
CREATE OR REPLACE FUNCTION nofx.circuit_cool_down(p_policy jsonb, p_opens integer) RETURNS interval
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_base   double precision := (p_policy ->> 'resetTimeout')::double precision;
    v_most   double precision := (p_policy ->> 'maximumResetTimeout')::double precision;
    v_growth double precision := (p_policy ->> 'growthFactor')::double precision;
    v_jitter double precision := (p_policy ->> 'jitter')::double precision;
BEGIN
    -- A greater exponent would overflow.
    RETURN floor(least(v_base * power(v_growth, least(p_opens - 1, 256)), v_most)
                 * (1 - v_jitter + 2 * v_jitter * random())) * interval '1 microsecond';
END
$$;

-- How many consecutive failures open a breaker. Where a policy wants several reporters, a single one needs twice as
-- many failures: its own network may be at fault.
CREATE OR REPLACE FUNCTION nofx.circuit_threshold(p_policy jsonb, p_reporters integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (p_policy ->> 'failureThreshold')::integer
           * CASE WHEN p_reporters < (p_policy ->> 'minimumReporters')::integer THEN 2 ELSE 1 END
$$;

-- The rates of a policy that these calls reach: `failure_rate`, `slow_call_rate`, both or none.
CREATE OR REPLACE FUNCTION nofx.circuit_rates(p_policy jsonb, p_calls bigint, p_failures bigint, p_slow bigint)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_calls < (p_policy ->> 'minimumCalls')::bigint THEN '{}'::text[] ELSE array_remove(ARRAY[
        CASE WHEN p_failures >= (p_policy ->> 'failureRate')::double precision * p_calls THEN 'failure_rate' END,
        CASE WHEN p_slow >= (p_policy ->> 'slowCallRate')::double precision * p_calls THEN 'slow_call_rate' END
    ], NULL) END
$$;

-- Opens a breaker whose row the caller has locked and changed. Returns the cool-down in microseconds.
CREATE OR REPLACE FUNCTION nofx.circuit_open(b nofx.circuit_breakers, p_policy jsonb, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_until timestamptz := p_now + nofx.circuit_cool_down(p_policy, b.opens + 1);
BEGIN
    UPDATE nofx.circuit_breakers c
    SET state = 'open', generation = c.generation + 1, open_until = v_until,
        opens = c.opens + 1, total_opens = c.total_opens + 1,
        failures = b.failures, reporters = b.reporters, last_reporter = b.last_reporter, last_tenant = b.last_tenant,
        last_failure_at = b.last_failure_at, last_error = b.last_error,
        permits_left = 0, probe_successes = 0, probe_deadline = NULL, half_open_since = NULL, changed_at = p_now
    WHERE c.name = b.name;
    RETURN nofx.circuit_wait(v_until, p_now);
END
$$;

-- Puts a breaker whose row the caller has locked into a state, with all counts reset. The last failure's cause stays.
CREATE OR REPLACE FUNCTION nofx.circuit_clear(p_name text, p_state text, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_generation bigint;
BEGIN
    DELETE FROM nofx.circuit_windows w WHERE w.name = p_name;
    UPDATE nofx.circuit_breakers b
    SET state = p_state, generation = b.generation + 1, failures = 0, reporters = 0, last_reporter = NULL,
        open_until = NULL, opens = 0, permits_left = 0, probe_successes = 0, probe_deadline = NULL,
        half_open_since = NULL, changed_at = p_now
    WHERE b.name = p_name RETURNING b.generation INTO v_generation;
    RETURN v_generation;
END
$$;

-- Counts a call in the window of a policy. The caller has locked the breaker's row. Returns the rates that are too
-- high; with p_only_new, those that this call made too high.
CREATE OR REPLACE FUNCTION nofx.circuit_count(
    p_name text, p_policy jsonb, p_now timestamptz, p_failed boolean, p_slow boolean, p_only_new boolean
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    v_window   bigint := (p_policy ->> 'window')::bigint;
    v_slice    bigint := greatest(v_window / 10, 1);
    v_newest   timestamptz;
    v_calls    bigint;
    v_failures bigint;
    v_slow     bigint;
BEGIN
    DELETE FROM nofx.circuit_windows w
    WHERE w.name = p_name AND w.started_at <= p_now - v_window * interval '1 microsecond';
    SELECT max(w.started_at), coalesce(sum(w.calls), 0), coalesce(sum(w.failures), 0), coalesce(sum(w.slow), 0)
    INTO v_newest, v_calls, v_failures, v_slow
    FROM nofx.circuit_windows w WHERE w.name = p_name;
    -- A slice begins a whole number of slices after the one before it.
    v_newest := coalesce(v_newest + nofx.circuit_wait(p_now, v_newest) / v_slice * v_slice * interval '1 microsecond',
                         p_now);
    INSERT INTO nofx.circuit_windows AS w (name, started_at, calls, failures, slow)
    VALUES (p_name, v_newest, 1, p_failed::integer, p_slow::integer)
    ON CONFLICT (name, started_at) DO UPDATE
    SET calls = w.calls + 1, failures = w.failures + p_failed::integer, slow = w.slow + p_slow::integer;
    RETURN array(
        SELECT unnest(nofx.circuit_rates(p_policy, v_calls + 1, v_failures + p_failed::integer,
                                         v_slow + p_slow::integer))
        EXCEPT SELECT unnest(nofx.circuit_rates(p_policy, v_calls, v_failures, v_slow)) WHERE p_only_new
        ORDER BY 1
    );
END
$$;

-- Asks one breaker whether a call may be made. `verdict` is `allow`, `probe`, or `unrecorded` where the breaker is
-- disabled; otherwise it is the reason for the rejection: `open`, `probing`, `forced_open`, `refused`, `rate_limited` or
-- `quota_exhausted`, with the microseconds to wait where they are known, and the class of the last failure.
-- `has_failures` says whether a success has failures to reset. No rejection waits for a lock.
--
-- With p_peeks it only looks: `probe` then says that a call could ask for a permit, and nothing is taken or counted.
CREATE OR REPLACE FUNCTION nofx.circuit_acquire(
    p_name text, p_policy jsonb, p_peeks boolean,
    OUT verdict text, OUT generation bigint, OUT has_failures boolean, OUT wait bigint, OUT error text,
    OUT transition text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    b           nofx.circuit_breakers;
    v_now       timestamptz;
    v_lease     interval;
    v_most      interval;
    v_patience  interval;
    v_is_locked boolean := false;
    v_locked    nofx.circuit_breakers;
BEGIN
    SELECT * INTO b FROM nofx.circuit_breakers c WHERE c.name = p_name;
    IF NOT FOUND THEN
        verdict := 'allow';
        generation := 0;
        has_failures := false;
        RETURN;
    END IF;

    LOOP
        v_now := clock_timestamp();
        generation := b.generation;
        has_failures := b.failures > 0;
        IF b.state IN ('forced_open', 'refused') THEN
            verdict := b.state;
        ELSIF b.not_before > v_now THEN
            verdict := b.cooldown_reason;
            wait := nofx.circuit_wait(b.not_before, v_now);
        ELSIF b.state = 'disabled' THEN
            verdict := 'unrecorded';
        ELSIF b.state IN ('closed', 'metrics_only') THEN
            verdict := 'allow';
        ELSE
            v_lease := nofx.circuit_time(p_policy, 'callTimeout') + nofx.circuit_time(p_policy, 'leaseMargin');
            v_most := nofx.circuit_time(p_policy, 'maximumResetTimeout') * (1 + (p_policy ->> 'jitter')::float8);
            v_patience := nofx.circuit_time(p_policy, 'halfOpenMaximumWait');
            -- A running probe may have a longer lease than this caller's.
            IF b.open_until > v_now + v_most OR b.probe_deadline > v_now + b.probe_lease THEN
                -- The clock was set back: the wait starts again, or it would last as long as the clock was set back.
                UPDATE nofx.circuit_breakers c
                SET open_until = least(c.open_until, v_now + v_most),
                    probe_deadline = least(c.probe_deadline, v_now + c.probe_lease),
                    half_open_since = least(c.half_open_since, v_now)
                WHERE c.name = (SELECT d.name FROM nofx.circuit_breakers d
                                WHERE d.name = p_name AND d.generation = b.generation FOR NO KEY UPDATE SKIP LOCKED);
                b.open_until := least(b.open_until, v_now + v_most);
                b.probe_deadline := least(b.probe_deadline, v_now + b.probe_lease);
                b.half_open_since := least(b.half_open_since, v_now);
            END IF;
            IF b.state = 'open' AND b.open_until > v_now THEN
                verdict := 'open';
                wait := nofx.circuit_wait(b.open_until, v_now);
            ELSIF b.state = 'half_open' AND b.permits_left <= 0 AND b.probe_deadline > v_now
                  AND (v_patience IS NULL OR b.half_open_since + v_patience > v_now) THEN
                verdict := 'probing';
                wait := nofx.circuit_wait(b.probe_deadline, v_now);
            ELSIF p_peeks THEN
                verdict := 'probe';
            ELSIF NOT v_is_locked THEN
                SELECT * INTO v_locked FROM nofx.circuit_breakers c WHERE c.name = p_name
                FOR NO KEY UPDATE SKIP LOCKED;
                v_is_locked := FOUND;
                IF v_is_locked THEN
                    b := v_locked;
                    CONTINUE;
                END IF;
                -- Another caller holds the row for a moment, to take a permit or to give one back.
                verdict := 'probing';
                wait := 1000000;
            END IF;
        END IF;
        EXIT;
    END LOOP;

    IF verdict IS NULL THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        IF b.state = 'half_open' AND b.half_open_since + v_patience <= v_now THEN
            transition := CASE WHEN (p_policy ->> 'closesAfterMaximumWait')::boolean THEN 'closed' ELSE 'opened' END;
            IF transition = 'closed' THEN
                verdict := 'allow';
                has_failures := false;
                generation := nofx.circuit_clear(p_name, 'closed', v_now);
            ELSE
                verdict := 'open';
                generation := b.generation + 1;
                wait := nofx.circuit_open(b, p_policy, v_now);
            END IF;
        ELSE
            verdict := 'probe';
            transition := CASE b.state WHEN 'open' THEN 'half_opened' END;
            IF b.state = 'open' OR b.probe_deadline <= v_now THEN
                generation := b.generation + 1;
                b.permits_left := (p_policy ->> 'halfOpenPermits')::integer;
                b.probe_successes := 0;
                b.probe_deadline := NULL;
            END IF;
            b.probe_deadline := greatest(b.probe_deadline, v_now + v_lease);
            UPDATE nofx.circuit_breakers c
            SET state = 'half_open', generation = circuit_acquire.generation, permits_left = b.permits_left - 1,
                probe_successes = b.probe_successes, probe_deadline = b.probe_deadline,
                probe_lease = b.probe_deadline - v_now, open_until = NULL,
                half_open_since = CASE b.state WHEN 'open' THEN v_now ELSE b.half_open_since END,
                changed_at = CASE WHEN circuit_acquire.generation = b.generation THEN b.changed_at ELSE v_now END
            WHERE c.name = p_name;
        END IF;
    END IF;
    IF verdict NOT IN ('allow', 'probe', 'unrecorded') THEN
        error := CASE WHEN verdict IN ('open', 'probing', 'forced_open', 'refused') THEN b.last_error END;
    END IF;
END
$$;

-- Records the outcome of a call that was admitted under a generation: `success`; `failure`, with a class of errors;
-- `neutral`; `limited`, with the microseconds to wait and the reason; or `refused`, with a class of errors, where the
-- provider refuses the credential. A probe's permit is given back.
--
-- `suspicion` means that the call failed at the narrower breaker p_source. It is a failure of this breaker too while
-- calls of another tenant fail at another breaker below this one, and neutral otherwise: so one tenant alone, whatever
-- it asks for, cannot open the breaker of all.
--
-- `transition` is `opened`, with the microseconds to wait; `closed`; `refused`; or `exceeded`, with the limits that the
-- call exceeded while the breaker only counts.
CREATE OR REPLACE FUNCTION nofx.circuit_record(
    p_name text, p_generation bigint, p_outcome text, p_error text, p_wait bigint, p_reason text,
    p_has_failures boolean, p_is_slow boolean, p_reporter uuid, p_policy jsonb, p_tenant uuid, p_source text,
    OUT transition text, OUT wait bigint, OUT exceeded text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    b           nofx.circuit_breakers;
    v_now       timestamptz;
    v_until     timestamptz;
    v_needed    integer;
    v_permits   integer;
    v_was_over  boolean;
    v_cleans    boolean := false;
    v_failed    boolean;
    v_counts    boolean;
BEGIN
    IF p_outcome = 'suspicion' THEN
        p_outcome := CASE WHEN EXISTS (
            SELECT FROM nofx.circuit_breakers c
            WHERE starts_with(c.name, p_name || '/') AND c.name <> p_source AND c.failures > 0
              AND c.last_failure_at > clock_timestamp() - interval '5 minutes'
              AND (p_tenant IS NULL OR c.last_tenant IS DISTINCT FROM p_tenant)
        ) THEN 'failure' ELSE 'neutral' END;
    END IF;
    v_failed := p_outcome = 'failure';
    v_counts := p_outcome IN ('success', 'failure') AND p_policy ? 'window';
    SELECT * INTO b FROM nofx.circuit_breakers c WHERE c.name = p_name;
    IF NOT FOUND THEN
        IF p_generation <> 0 OR NOT (v_failed OR v_counts OR p_outcome IN ('limited', 'refused')) THEN RETURN; END IF;
        PERFORM nofx.add_circuit(p_name);
    ELSIF b.generation <> p_generation
          OR (b.state = 'disabled' AND p_outcome <> 'limited')
          OR (b.state <> 'half_open' AND p_outcome = 'neutral')
          OR (b.state <> 'half_open' AND p_outcome = 'success' AND NOT p_has_failures AND NOT v_counts)
          OR (b.state <> 'half_open' AND p_outcome = 'limited' AND b.not_before > clock_timestamp()
              AND b.not_before >= clock_timestamp() + (p_wait - 1000000) * interval '1 microsecond') THEN
        RETURN;
    END IF;

    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO b FROM nofx.circuit_breakers c WHERE c.name = p_name AND c.generation = p_generation
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    v_now := clock_timestamp();
    v_permits := (p_policy ->> 'halfOpenPermits')::integer;

    IF p_outcome = 'limited' THEN
        v_until := v_now + p_wait * interval '1 microsecond';
        -- A later time counts only if it is a second later: many callers get the same answer, and one of them writes
        -- it.
        IF p_wait > 0 AND (b.not_before IS NULL OR b.not_before <= v_now
                           OR b.not_before < v_until - interval '1 second') THEN
            UPDATE nofx.circuit_breakers c
            SET not_before = v_until, cooldown_reason = p_reason, last_tenant = p_tenant WHERE c.name = p_name;
        END IF;
    ELSIF p_outcome = 'refused' THEN
        IF b.state IN ('closed', 'open', 'half_open') THEN
            PERFORM nofx.circuit_clear(p_name, 'refused', v_now);
            UPDATE nofx.circuit_breakers c
            SET last_failure_at = v_now, last_error = p_error, last_tenant = p_tenant WHERE c.name = p_name;
            transition := 'refused';
        END IF;
        RETURN;
    END IF;

    IF b.state = 'half_open' THEN
        IF p_outcome IN ('neutral', 'limited') THEN
            UPDATE nofx.circuit_breakers c SET permits_left = least(v_permits, c.permits_left + 1)
            WHERE c.name = p_name;
            RETURN;
        END IF;
        -- Where slow calls open a breaker, a slow probe does not close it.
        IF NOT v_failed AND p_is_slow AND p_policy ? 'slowCallRate' THEN
            v_failed := true;
            p_error := 'slow_call';
        END IF;
        IF v_failed THEN
            b.last_failure_at := v_now;
            b.last_error := p_error;
            b.last_tenant := p_tenant;
            wait := nofx.circuit_open(b, p_policy, v_now);
            transition := 'opened';
            RETURN;
        END IF;
        v_needed := (p_policy ->> 'successThreshold')::integer - b.probe_successes - 1;
        IF v_needed <= 0 THEN
            PERFORM nofx.circuit_clear(p_name, 'closed', v_now);
            transition := 'closed';
        ELSE
            -- Once as many permits as successes were needed, permits never exceed the successes that are still needed.
            UPDATE nofx.circuit_breakers c
            SET probe_successes = c.probe_successes + 1,
                permits_left = least(v_permits, c.permits_left + (v_permits <= v_needed)::integer)
            WHERE c.name = p_name;
        END IF;
        RETURN;
    END IF;

    IF p_outcome NOT IN ('success', 'failure') OR b.state NOT IN ('closed', 'metrics_only') THEN RETURN; END IF;
    IF v_counts THEN
        exceeded := nofx.circuit_count(p_name, p_policy, v_now, v_failed, p_is_slow, b.state = 'metrics_only');
    END IF;
    IF v_failed THEN
        IF b.last_failure_at <= v_now - nofx.circuit_time(p_policy, 'failureDecay') THEN
            b.failures := 0;
        END IF;
        v_was_over := b.failures >= nofx.circuit_threshold(p_policy, b.reporters);
        b.reporters := CASE WHEN b.failures = 0 THEN 1 WHEN b.last_reporter IS DISTINCT FROM p_reporter THEN 2
                       ELSE b.reporters END;
        b.failures := b.failures + 1;
        b.last_reporter := p_reporter;
        b.last_tenant := p_tenant;
        b.last_failure_at := v_now;
        b.last_error := p_error;
        IF b.failures >= nofx.circuit_threshold(p_policy, b.reporters)
           AND NOT (v_was_over AND b.state = 'metrics_only') THEN
            exceeded := ARRAY['failures'] || exceeded;
        END IF;
    ELSIF p_has_failures AND b.failures > 0 THEN
        b.failures := 0;
        b.reporters := 0;
        b.last_reporter := NULL;
        v_cleans := true;
    END IF;
    IF cardinality(exceeded) > 0 AND b.state = 'closed' THEN
        transition := 'opened';
        wait := nofx.circuit_open(b, p_policy, v_now);
        RETURN;
    ELSIF cardinality(exceeded) > 0 THEN
        transition := 'exceeded';
    END IF;
    IF v_failed OR v_cleans THEN
        UPDATE nofx.circuit_breakers c
        SET failures = b.failures, reporters = b.reporters, last_reporter = b.last_reporter,
            last_tenant = b.last_tenant, last_failure_at = b.last_failure_at, last_error = b.last_error
        WHERE c.name = p_name;
    END IF;
END
$$;
