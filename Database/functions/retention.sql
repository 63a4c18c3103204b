-- revision: 1

-- What purge calls. The times are here and not in the program, so that an operator's role can delete what is past its
-- time and nothing else.

-- Deletes up to p_limit records of a kind that are past their time, and skips locked rows. Returns their number.
--
-- The condition is checked again once a row is locked: a key may have been used again, or a team restored. The ids are
-- arrays because a join would read the whole table; for the same reason each call is planned for its limit.
CREATE OR REPLACE FUNCTION nofx.purge(p_kind text, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_count integer;
BEGIN
    CASE p_kind
    WHEN 'idempotencyKeys' THEN
        DELETE FROM nofx.idempotency_keys WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM nofx.idempotency_keys WHERE expires_at <= now()
            ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'rateLimits' THEN
        DELETE FROM nofx.rate_limits WHERE key = ANY (ARRAY(
            SELECT key FROM nofx.rate_limits WHERE tat <= now() LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'expiredInvites' THEN
        UPDATE nofx.team_invites SET status = 'expired', decided_at = expires_at WHERE id = ANY (ARRAY(
            SELECT id FROM nofx.team_invites WHERE status = 'pending' AND expires_at <= now()
            ORDER BY expires_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
        ));
    WHEN 'decidedInvites' THEN
        DELETE FROM nofx.team_invites WHERE id = ANY (ARRAY(
            SELECT id FROM nofx.team_invites WHERE status <> 'pending' AND decided_at <= now() - interval '90 days'
            ORDER BY decided_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'runs' THEN
        DELETE FROM nofx.runs WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM nofx.runs WHERE ended_at <= now() - interval '90 days'
            ORDER BY ended_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'runsOfTeams' THEN
        DELETE FROM nofx.runs WHERE ctid = ANY (ARRAY(
            SELECT r.ctid FROM nofx.teams t JOIN nofx.runs r ON r.team_id = t.id WHERE t.purge_after <= now()
            LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'deadJobs' THEN
        -- Those of steps go with their runs.
        DELETE FROM nofx.dead_letters WHERE id = ANY (ARRAY(
            SELECT id FROM nofx.dead_letters
            WHERE run_id IS NULL AND topic NOT IN ('mail', 'webhook')
              AND dead_lettered_at <= now() - interval '90 days'
            ORDER BY dead_lettered_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'teams' THEN
        -- A team's runs go before, so many at a time: with all of them at once it might never end in time.
        DELETE FROM nofx.teams WHERE id = ANY (ARRAY(
            SELECT id FROM nofx.teams t
            WHERE purge_after <= now() AND NOT EXISTS (SELECT FROM nofx.runs r WHERE r.team_id = t.id)
            ORDER BY purge_after LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'outbox' THEN
        DELETE FROM nofx.dead_letters WHERE id = ANY (ARRAY(
            SELECT id FROM nofx.dead_letters
            WHERE topic IN ('mail', 'webhook') AND dead_lettered_at <= now() - interval '30 days'
            ORDER BY dead_lettered_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'keys' THEN
        DELETE FROM nofx.api_keys WHERE id = ANY (ARRAY(
            SELECT id FROM nofx.api_keys
            WHERE (revoked_at IS NOT NULL OR expires_at IS NOT NULL)
              AND least(revoked_at, expires_at) <= now() - interval '90 days'
            ORDER BY least(revoked_at, expires_at) LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'attempts' THEN
        DELETE FROM nofx.ai_attempts WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM nofx.ai_attempts WHERE created_at <= now() - interval '90 days'
            ORDER BY created_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'reservations' THEN
        PERFORM nofx.settle_ai_attempts(NULL, p_limit);
        DELETE FROM nofx.ai_reservations WHERE call_id = ANY (ARRAY(
            SELECT call_id FROM nofx.ai_reservations WHERE expires_at <= now()
            ORDER BY expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'usage' THEN
        DELETE FROM nofx.ai_usage_daily WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM nofx.ai_usage_daily WHERE day < (now() AT TIME ZONE 'UTC')::date - 1100
            ORDER BY day LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    WHEN 'keySets' THEN
        DELETE FROM nofx.key_sets WHERE url = ANY (ARRAY(
            SELECT url FROM nofx.key_sets WHERE tried_at <= now() - interval '90 days'
            LIMIT p_limit FOR UPDATE SKIP LOCKED
        ));
    END CASE;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Deletes up to p_limit of the oldest records of a trail, which are older than p_days, and returns them, each as an
-- object with the table's columns: purge writes them to a file before the transaction commits. Fewer than 30 days are
-- refused, so that an operator's role cannot delete the traces of what it does.
CREATE OR REPLACE FUNCTION nofx.purge_trail(p_kind text, p_days integer, p_limit integer) RETURNS SETOF json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_end timestamptz := now() - make_interval(days => p_days);
BEGIN
    IF p_days IS NULL OR p_days < 30 THEN
        RAISE EXCEPTION 'a trail is kept for 30 days at least' USING ERRCODE = '42501';
    END IF;
    CASE p_kind
    WHEN 'activity' THEN
        RETURN QUERY DELETE FROM nofx.team_activity a WHERE a.id = ANY (ARRAY(
            SELECT o.id FROM nofx.team_activity o WHERE o.created_at <= v_end
            ORDER BY o.created_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        )) RETURNING to_json(a);
    WHEN 'securityEvents' THEN
        RETURN QUERY DELETE FROM nofx.security_events e WHERE e.ctid = ANY (ARRAY(
            SELECT o.ctid FROM nofx.security_events o WHERE o.bucket <= v_end
            ORDER BY o.bucket LIMIT p_limit FOR UPDATE SKIP LOCKED
        )) RETURNING to_json(e);
    WHEN 'operatorActions' THEN
        RETURN QUERY DELETE FROM nofx.operator_actions a WHERE a.id = ANY (ARRAY(
            SELECT o.id FROM nofx.operator_actions o WHERE o.created_at <= v_end
            ORDER BY o.created_at LIMIT p_limit FOR UPDATE SKIP LOCKED
        )) RETURNING to_json(a);
    END CASE;
END
$$;
