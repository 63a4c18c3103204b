-- revision: 1

-- How many requests and tokens a team may use in a minute, counted by the generic cell rate algorithm (ITU-T I.371).
-- The rows of a team are locked only by its own calls, and only while they are counted.

-- The seconds until `p_count` of what a minute allows `p_limit` of may be used; 0 or less for now. More than a minute
-- allows may be used when nothing else is. A clock that was set back keeps a team waiting for a day at most.
CREATE OR REPLACE FUNCTION nofx.ai_limit_wait(
    p_until timestamptz, p_limit bigint, p_count bigint, p_now timestamptz
) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_limit IS NULL OR p_until <= p_now THEN 0
           ELSE extract(epoch FROM least(p_until, p_now + interval '1 day') - p_now)::double precision
                + least(60.0 * p_count / p_limit, 60) - 60 END
$$;

-- When all that was used is given back, after `p_count` more are used; in a day at most.
CREATE OR REPLACE FUNCTION nofx.ai_limit_until(
    p_until timestamptz, p_limit bigint, p_count bigint, p_now timestamptz
) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_limit IS NULL THEN p_until
           ELSE least(greatest(p_until, p_now) + least(60.0 * p_count / p_limit, 86400) * interval '1 second',
                      p_now + interval '1 day') END
$$;

-- Whether a limit is about a model.
CREATE OR REPLACE FUNCTION nofx.ai_limit_covers(p_limit text, p_provider text, p_model text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_limit IN ('*', p_provider || '/*', p_provider || '/' || p_model)
$$;

-- Counts a request with its tokens against all limits of a team that are about its model, if each allows it. Returns the
-- seconds until they do, or NULL.
CREATE OR REPLACE FUNCTION nofx.take_ai_limits(p_team uuid, p_provider text, p_model text, p_tokens bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_now  timestamptz;
    v_wait double precision;
BEGIN
    -- All callers lock in the order of the key, so that none waits for another in a circle.
    PERFORM FROM nofx.ai_limits l WHERE l.team_id = p_team AND nofx.ai_limit_covers(l.model, p_provider, p_model)
    ORDER BY l.model FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    v_now := clock_timestamp();
    SELECT max(greatest(nofx.ai_limit_wait(l.requests_until, l.requests_per_minute, 1, v_now),
                        nofx.ai_limit_wait(l.tokens_until, l.tokens_per_minute, p_tokens, v_now)))
    INTO v_wait
    FROM nofx.ai_limits l WHERE l.team_id = p_team AND nofx.ai_limit_covers(l.model, p_provider, p_model);
    IF v_wait > 0 THEN RETURN greatest(1, ceil(v_wait)); END IF;
    UPDATE nofx.ai_limits l
    SET requests_until = nofx.ai_limit_until(l.requests_until, l.requests_per_minute, 1, v_now),
        tokens_until = nofx.ai_limit_until(l.tokens_until, l.tokens_per_minute, p_tokens, v_now)
    WHERE l.team_id = p_team AND nofx.ai_limit_covers(l.model, p_provider, p_model);
    RETURN NULL;
END
$$;

-- Counts the tokens that an attempt used, in place of those that it was begun with.
CREATE OR REPLACE FUNCTION nofx.correct_ai_limits(p_begun nofx.ai_attempts, p_tokens numeric, p_now timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM nofx.ai_limits l
    WHERE l.team_id = p_begun.team_id AND l.tokens_per_minute IS NOT NULL
      AND nofx.ai_limit_covers(l.model, p_begun.provider, p_begun.requested_model)
    ORDER BY l.model FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    UPDATE nofx.ai_limits l
    SET tokens_until = least(l.tokens_until, p_now + interval '1 day')
        + greatest(-86400, least(86400, 60.0 * (p_tokens - p_begun.input_tokens - p_begun.output_tokens)
                                        / l.tokens_per_minute)) * interval '1 second'
    WHERE l.team_id = p_begun.team_id AND l.tokens_per_minute IS NOT NULL AND isfinite(l.tokens_until)
      AND nofx.ai_limit_covers(l.model, p_begun.provider, p_begun.requested_model);
END
$$;

-- Replaces the limits of a team: the arrays have one entry for each, with 0 for no limit. What was used of a limit that stays counts on. A
-- change is recorded. No row where the team does not exist: an operator is no member and sees no team. For operators.
CREATE OR REPLACE FUNCTION nofx.set_ai_limits(
    p_team uuid, p_models text[], p_requests bigint[], p_tokens bigint[], p_origin jsonb
) RETURNS TABLE (changes_state boolean, metadata jsonb, activity bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_team   text;
    v_before jsonb;
    v_after  jsonb;
BEGIN
    PERFORM nofx.require_operator();
    SELECT t.name INTO v_team FROM nofx.teams t WHERE t.id = p_team AND t.deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    v_before := nofx.ai_limits_object(p_team);
    DELETE FROM nofx.ai_limits l WHERE l.team_id = p_team AND l.model <> ALL (p_models);
    INSERT INTO nofx.ai_limits AS l (team_id, model, requests_per_minute, tokens_per_minute)
    SELECT p_team, n.model, nullif(n.requests, 0), nullif(n.tokens, 0)
    FROM unnest(p_models, p_requests, p_tokens) AS n (model, requests, tokens)
    ON CONFLICT (team_id, model) DO UPDATE
    SET requests_per_minute = excluded.requests_per_minute, tokens_per_minute = excluded.tokens_per_minute
    WHERE (l.requests_per_minute, l.tokens_per_minute)
          IS DISTINCT FROM (excluded.requests_per_minute, excluded.tokens_per_minute);
    v_after := nofx.ai_limits_object(p_team);
    changes_state := v_before <> v_after;
    IF changes_state THEN
        metadata := jsonb_build_object('before', v_before, 'after', v_after);
        INSERT INTO nofx.operator_actions (user_id, action, subject, before, after,
                                           credential, request_id, ip, user_agent)
        VALUES (nofx.me(), 'ai_limits.set', p_team::text, v_before, v_after,
                p_origin ->> 'credential', p_origin ->> 'requestId', p_origin ->> 'ip', p_origin ->> 'userAgent');
        activity := nofx.add_activity(p_team, v_team, nofx.me(), 'ai_limits.set', 'ai_limits', p_team::text, metadata,
                                      p_origin);
    END IF;
    RETURN NEXT;
END
$$;

-- The limits of a team as the audit trail shows them.
CREATE OR REPLACE FUNCTION nofx.ai_limits_object(p_team uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(l.model, jsonb_build_object('requestsPerMinute', l.requests_per_minute,
                                                                 'tokensPerMinute', l.tokens_per_minute)), '{}')
    FROM nofx.ai_limits l WHERE l.team_id = p_team
$$;
