-- revision: 1

-- Refuses a caller who may not spend a team's money: the program of an operator may, and a caller whom nofx.enter named
-- and who may write in the team.
CREATE OR REPLACE FUNCTION nofx.require_ai_caller(p_team uuid) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM nofx.team_members m
               WHERE m.team_id = p_team AND m.user_id = nofx.me()
                 AND 'write' = ANY (nofx.permissions(m.role, m.permissions))) THEN
        RETURN;
    END IF;
    PERFORM nofx.require_operator();
END
$$;

-- Adds an attempt to the usage of a day.
CREATE OR REPLACE FUNCTION nofx.add_ai_usage(a nofx.ai_attempts, p_at timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO nofx.ai_usage_daily AS d
    VALUES (coalesce(a.team_id, '00000000-0000-0000-0000-000000000000'), (p_at AT TIME ZONE 'UTC')::date,
            a.provider, a.model, 1, (a.outcome = 'ok')::integer, (a.outcome <> 'ok')::integer,
            -- A failed attempt without tokens cost nothing, with or without a known price.
            (a.cost_nano_usd IS NULL
             AND (a.outcome = 'ok' OR a.input_tokens + a.output_tokens + a.cache_read_tokens
                                      + a.cache_write_5m_tokens + a.cache_write_1h_tokens > 0))::integer,
            a.input_tokens, a.output_tokens, a.cache_read_tokens, a.cache_write_5m_tokens, a.cache_write_1h_tokens,
            a.reasoning_tokens, coalesce(a.cost_nano_usd, 0), a.provider_cost_nano_usd,
            coalesce(a.cost_nano_usd, a.provider_cost_nano_usd, 0), a.estimated::integer)
    ON CONFLICT (team_id, day, provider, model) DO UPDATE
    SET attempts = d.attempts + 1, succeeded = d.succeeded + excluded.succeeded, failed = d.failed + excluded.failed,
        unpriced = d.unpriced + excluded.unpriced, input_tokens = d.input_tokens + excluded.input_tokens,
        output_tokens = d.output_tokens + excluded.output_tokens,
        cache_read_tokens = d.cache_read_tokens + excluded.cache_read_tokens,
        cache_write_5m_tokens = d.cache_write_5m_tokens + excluded.cache_write_5m_tokens,
        cache_write_1h_tokens = d.cache_write_1h_tokens + excluded.cache_write_1h_tokens,
        reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens,
        cost_nano_usd = d.cost_nano_usd + excluded.cost_nano_usd,
        provider_cost_nano_usd = coalesce(d.provider_cost_nano_usd + excluded.provider_cost_nano_usd,
                                          d.provider_cost_nano_usd, excluded.provider_cost_nano_usd),
        spent_nano_usd = d.spent_nano_usd + excluded.spent_nano_usd, estimated = d.estimated + excluded.estimated
$$;

-- Settles attempts whose process died before it could record their result: the provider may charge for them, so that the
-- most that they may cost counts as spent. p_team is NULL for the attempts of all teams and of none. Returns how many it
-- settled, at most p_limit.
CREATE OR REPLACE FUNCTION nofx.settle_ai_attempts(p_team uuid, p_limit integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_attempt nofx.ai_attempts;
    v_count   bigint := 0;
BEGIN
    FOR v_attempt IN
        SELECT * FROM nofx.ai_attempts a
        WHERE a.outcome = 'begun' AND a.settles_at <= clock_timestamp() AND (p_team IS NULL OR a.team_id = p_team)
        LIMIT p_limit FOR UPDATE SKIP LOCKED
    LOOP
        v_attempt.outcome := 'ai_outcome_unknown';
        UPDATE nofx.ai_attempts a SET outcome = v_attempt.outcome, settles_at = NULL
        WHERE a.call_id = v_attempt.call_id AND a.attempt = v_attempt.attempt;
        PERFORM nofx.add_ai_usage(v_attempt, v_attempt.created_at);
        DELETE FROM nofx.ai_reservations r WHERE r.call_id = v_attempt.call_id AND r.expires_at <= clock_timestamp();
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;

-- Stores the result of an attempt at an AI call in place of its beginning, adds it to the day's usage and to the
-- provider's counters, and subtracts its cost from the call's reservation. The same attempt again changes nothing.
-- Returns whether it was new.
--
-- The tokens are: input, output, cache reads, cache writes for 5 minutes, cache writes for an hour, and the output's
-- reasoning tokens. Texts and numbers come from providers and are cut to size.
CREATE OR REPLACE FUNCTION nofx.record_ai_attempt(
    p_call uuid, p_attempt integer, p_team uuid, p_provider text, p_model text, p_requested_model text,
    p_outcome text, p_status integer, p_request_id text, p_tokens bigint[], p_cost bigint, p_provider_cost bigint,
    p_duration interval, p_rate_limit jsonb, p_estimated boolean DEFAULT false
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_now           timestamptz := clock_timestamp();
    v_ok            integer := (p_outcome = 'ok')::integer;
    v_tokens        bigint[] := ARRAY(SELECT least(greatest(t, 0), 1000000000000) FROM unnest(p_tokens) AS t);
    -- An unknown cost stays NULL; greatest would make it 0.
    v_cost          bigint := CASE WHEN p_cost >= 0 THEN least(p_cost, 1000000000000000) END;
    v_provider_cost bigint := CASE WHEN p_provider_cost >= 0 THEN least(p_provider_cost, 1000000000000000) END;
    -- The model is part of a list's cursor.
    v_model         text := regexp_replace(left(p_model, 100), '[^\x21-\x7E]', '?', 'g');
    v_begun         nofx.ai_attempts;
    v_attempt       nofx.ai_attempts;
    v_shard         smallint;
BEGIN
    PERFORM nofx.require_ai_caller(p_team);
    DELETE FROM nofx.ai_attempts a WHERE a.call_id = p_call AND a.attempt = p_attempt AND a.outcome = 'begun'
    RETURNING * INTO v_begun;
    INSERT INTO nofx.ai_attempts
    VALUES (p_call, p_attempt, p_team, left(p_provider, 100), v_model, left(p_requested_model, 200),
            left(p_outcome, 100), p_status, left(p_request_id, 200),
            v_tokens[1], v_tokens[2], v_tokens[3], v_tokens[4], v_tokens[5], v_tokens[6],
            v_cost, v_provider_cost, (extract(epoch FROM p_duration) * 1000)::bigint,
            coalesce(v_begun.created_at, v_now), p_estimated)
    ON CONFLICT DO NOTHING RETURNING * INTO v_attempt;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM nofx.add_ai_usage(v_attempt, v_now);

    -- A failed call may try again with the rest of its reservation.
    IF v_ok = 1 THEN
        DELETE FROM nofx.ai_reservations r WHERE r.call_id = p_call;
    ELSE
        UPDATE nofx.ai_reservations r SET amount = greatest(0, r.amount - coalesce(v_cost, v_provider_cost, 0))
        WHERE r.call_id = p_call AND coalesce(v_cost, v_provider_cost, 0) > 0;
    END IF;
    IF v_begun.team_id IS NOT NULL THEN
        PERFORM nofx.correct_ai_limits(
            v_begun, v_tokens[1] + v_tokens[2] + v_tokens[3] + v_tokens[4] + v_tokens[5], v_now);
    END IF;

    -- In a shard that no other transaction has locked; else in a new shard; else after a wait.
    SELECT c.shard INTO v_shard FROM nofx.circuit_counters c WHERE c.name = p_provider
    LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    INSERT INTO nofx.circuit_counters AS c
        (name, shard, attempts, successes, failures, last_success_at, rate_limit, rate_limit_at)
    VALUES (left(p_provider, 100), coalesce(v_shard, floor(random() * 16)), 1, v_ok, 1 - v_ok,
            CASE v_ok WHEN 1 THEN v_now END, p_rate_limit, CASE WHEN p_rate_limit IS NOT NULL THEN v_now END)
    ON CONFLICT (name, shard) DO UPDATE
    SET attempts = c.attempts + 1, successes = c.successes + excluded.successes,
        failures = c.failures + excluded.failures,
        last_success_at = coalesce(excluded.last_success_at, c.last_success_at),
        rate_limit = coalesce(excluded.rate_limit, c.rate_limit),
        rate_limit_at = coalesce(excluded.rate_limit_at, c.rate_limit_at);
    RETURN true;
END
$$;

-- Writes an attempt down before its request is sent, unless its team's budget or one of its limits refuses it. The
-- reservation of the most that the call may cost counts as spent, so that at most one call exceeds a budget. A second
-- attempt of the same call replaces the call's reservation.
--
-- p_amount is NULL where the most is not known: the model has no price. `refusal` is NULL or says why the attempt is
-- refused: `daily` or `monthly`, a budget that is used up, with the seconds until its next period; `unpriced`, a model
-- without a price under a budget that does not allow it; `limited`, with the seconds until the limits allow the attempt.
CREATE OR REPLACE FUNCTION nofx.begin_ai_attempt(
    p_call uuid, p_attempt integer, p_team uuid, p_provider text, p_model text, p_input bigint, p_output bigint,
    p_amount bigint, p_ttl interval, p_default_daily bigint, p_default_monthly bigint, p_default_unpriced text,
    OUT refusal text, OUT budget bigint, OUT resets_in bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_daily    bigint;
    v_monthly  bigint;
    v_unpriced text;
    v_today    bigint;
    v_month    bigint;
    v_reserved bigint;
    v_now      timestamp;
    v_input    bigint := least(greatest(p_input, 0), 1000000000000);
    v_output   bigint := least(greatest(p_output, 0), 1000000000000);
    v_amount   bigint := CASE WHEN p_amount >= 0 THEN least(p_amount, 1000000000000000) END;
    v_until    timestamptz;
BEGIN
    PERFORM nofx.require_ai_caller(p_team);
    IF p_team IS NOT NULL THEN
        SELECT b.daily_nano_usd, b.monthly_nano_usd, b.unpriced INTO v_daily, v_monthly, v_unpriced
        FROM nofx.ai_budgets b WHERE b.team_id = p_team;
        v_daily := coalesce(v_daily, p_default_daily);
        v_monthly := coalesce(v_monthly, p_default_monthly);
    END IF;
    IF coalesce(v_daily, v_monthly) IS NOT NULL THEN
        IF v_amount IS NULL AND coalesce(v_unpriced, p_default_unpriced, 'deny') = 'deny' THEN
            refusal := 'unpriced';
            RETURN;
        END IF;
        -- The calls of a team reserve one after the other: each sees the reservations before it.
        PERFORM pg_advisory_xact_lock(hashtextextended('nofx.ai_budgets/' || p_team, 0));
        PERFORM nofx.settle_ai_attempts(p_team, 1000);
        v_now := clock_timestamp() AT TIME ZONE 'UTC';
        -- One statement, because an attempt that is recorded at the same time moves from reserved to spent.
        SELECT coalesce(sum(d.spent_nano_usd) FILTER (WHERE d.day = v_now::date), 0),
               coalesce(sum(d.spent_nano_usd), 0),
               coalesce((SELECT sum(r.amount) FROM nofx.ai_reservations r
                         WHERE r.team_id = p_team AND r.call_id <> p_call AND r.expires_at > clock_timestamp()), 0)
        INTO v_today, v_month, v_reserved
        FROM nofx.ai_usage_daily d WHERE d.team_id = p_team AND d.day >= date_trunc('month', v_now);
        IF v_month + v_reserved >= v_monthly THEN
            refusal := 'monthly';
            budget := v_monthly;
            resets_in := ceil(extract(epoch FROM date_trunc('month', v_now) + interval '1 month' - v_now));
            RETURN;
        ELSIF v_today + v_reserved >= v_daily THEN
            refusal := 'daily';
            budget := v_daily;
            resets_in := ceil(extract(epoch FROM date_trunc('day', v_now) + interval '1 day' - v_now));
            RETURN;
        END IF;
    END IF;
    IF p_team IS NOT NULL THEN
        resets_in := nofx.take_ai_limits(p_team, p_provider, p_model, v_input + v_output);
        IF resets_in IS NOT NULL THEN
            refusal := 'limited';
            RETURN;
        END IF;
    END IF;
    v_until := clock_timestamp() + p_ttl;
    IF coalesce(v_daily, v_monthly) IS NOT NULL THEN
        INSERT INTO nofx.ai_reservations AS r (call_id, team_id, amount, expires_at)
        VALUES (p_call, p_team, coalesce(v_amount, 0), v_until)
        ON CONFLICT (call_id) DO UPDATE
        SET team_id = excluded.team_id, amount = excluded.amount, expires_at = excluded.expires_at;
    END IF;
    INSERT INTO nofx.ai_attempts
    VALUES (p_call, p_attempt, p_team, left(p_provider, 100),
            regexp_replace(left(p_model, 100), '[^\x21-\x7E]', '?', 'g'), left(p_model, 200),
            'begun', NULL, NULL, v_input, v_output, 0, 0, 0, 0, v_amount, NULL, 0, clock_timestamp(), true, v_until)
    ON CONFLICT DO NOTHING;
END
$$;

-- Ends the reservation of a call that makes no more attempts.
CREATE OR REPLACE FUNCTION nofx.release_ai_budget(p_call uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nofx.require_ai_caller(r.team_id) FROM nofx.ai_reservations r WHERE r.call_id = p_call;
    DELETE FROM nofx.ai_reservations WHERE call_id = p_call;
END
$$;

-- The budgets of a team as the audit trail shows them.
CREATE OR REPLACE FUNCTION nofx.ai_budget_object(p_daily bigint, p_monthly bigint, p_unpriced text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object('dailyUsd', trim_scale(p_daily * 0.000000001)::text,
                              'monthlyUsd', trim_scale(p_monthly * 0.000000001)::text)
           || CASE WHEN p_unpriced IS NULL THEN '{}' ELSE jsonb_build_object('unpriced', p_unpriced) END
$$;

-- Sets the budgets of a team; NULL stands for the default of all teams. A value that p_sets_… leaves out stays. A
-- change is recorded. No row where the team does not exist: an operator is no member and sees no team. For operators.
CREATE OR REPLACE FUNCTION nofx.set_ai_budget(
    p_team uuid, p_sets_daily boolean, p_daily bigint, p_sets_monthly boolean, p_monthly bigint,
    p_sets_unpriced boolean, p_unpriced text, p_origin jsonb
) RETURNS TABLE (daily bigint, monthly bigint, unpriced text, changes_state boolean, metadata jsonb, activity bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_team   text;
    v_before nofx.ai_budgets;
BEGIN
    PERFORM nofx.require_operator();
    SELECT t.name INTO v_team FROM nofx.teams t WHERE t.id = p_team AND t.deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT b.* INTO v_before FROM nofx.ai_budgets b WHERE b.team_id = p_team FOR NO KEY UPDATE;
    daily := CASE WHEN p_sets_daily THEN p_daily ELSE v_before.daily_nano_usd END;
    monthly := CASE WHEN p_sets_monthly THEN p_monthly ELSE v_before.monthly_nano_usd END;
    unpriced := CASE WHEN p_sets_unpriced THEN p_unpriced ELSE v_before.unpriced END;
    changes_state := (daily, monthly, unpriced)
                     IS DISTINCT FROM (v_before.daily_nano_usd, v_before.monthly_nano_usd, v_before.unpriced);
    IF changes_state THEN
        INSERT INTO nofx.ai_budgets AS b (team_id, daily_nano_usd, monthly_nano_usd, unpriced)
        VALUES (p_team, daily, monthly, set_ai_budget.unpriced)
        ON CONFLICT (team_id) DO UPDATE
        SET daily_nano_usd = excluded.daily_nano_usd, monthly_nano_usd = excluded.monthly_nano_usd,
            unpriced = excluded.unpriced, updated_at = clock_timestamp();
        metadata := jsonb_build_object(
            'before', nofx.ai_budget_object(v_before.daily_nano_usd, v_before.monthly_nano_usd, v_before.unpriced),
            'after', nofx.ai_budget_object(daily, monthly, unpriced));
        INSERT INTO nofx.operator_actions (user_id, action, subject, before, after,
                                           credential, request_id, ip, user_agent)
        VALUES (nofx.me(), 'ai_budget.set', p_team::text, metadata -> 'before', metadata -> 'after',
                p_origin ->> 'credential', p_origin ->> 'requestId', p_origin ->> 'ip', p_origin ->> 'userAgent');
        activity := nofx.add_activity(p_team, v_team, nofx.me(), 'ai_budget.set', 'ai_budget', p_team::text, metadata,
                                      p_origin);
    END IF;
    RETURN NEXT;
END
$$;
