-- revision: 1

-- Mail and messages to webhooks are jobs of the queue, of the topics `mail` and `webhook`. Triggers add them, in the
-- transaction that causes them. The tenant of a mail is its team. The tenant of a message is its webhook, so that each
-- webhook has its own turn and its own order.

-- Queues the mail for each new invite. It has no token: the delivery makes one. A job's id is derived from the invite,
-- so that each mail exists once.
CREATE OR REPLACE FUNCTION nofx.queue_mail() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nofx.require_table(TG_RELID, 'nofx.team_invites');
    INSERT INTO nofx.queue (id, topic, tenant_id, payload)
    SELECT md5('mail/' || i.id)::uuid, 'mail', i.team_id, json_build_object('inviteId', i.id)
    FROM added i WHERE i.status = 'pending'
    ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END
$$;

-- Queues messages to a team's webhooks for the events that were just added. For a team without webhooks this is one
-- index lookup.
--
-- A job's id is derived from the webhook, the run and the event's number, so that each message exists once.
CREATE OR REPLACE FUNCTION nofx.queue_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nofx.require_table(TG_RELID, 'nofx.events');
    INSERT INTO nofx.queue (id, topic, tenant_id, payload, trace)
    SELECT m.id, 'webhook', m.webhook_id, m.payload, m.trace
    FROM (
        SELECT md5(w.id || '/' || e.run_id || '/' || e.seq)::uuid AS id, w.id AS webhook_id,
               json_build_object(
                   'type', e.type, 'timestamp', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   'data', json_build_object('teamId', e.team_id, 'runId', e.run_id, 'seq', e.seq, 'step', (
                       SELECT s.name FROM nofx.steps s
                       WHERE s.team_id = e.team_id AND s.run_id = e.run_id AND s.no = e.step_no
                   ), 'data', e.data)) AS payload,
               (SELECT r.trace FROM nofx.runs r WHERE r.team_id = e.team_id AND r.id = e.run_id) AS trace
        FROM added e
        JOIN nofx.webhooks w ON w.team_id = e.team_id AND w.disabled_at IS NULL AND e.type = ANY (w.events)
    ) m
    WHERE NOT EXISTS (SELECT FROM nofx.dead_letters d WHERE d.id = m.id)
    ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END
$$;

-- The webhooks with available messages, from webhook to webhook along the index, so that the number of messages does
-- not matter.
CREATE OR REPLACE FUNCTION nofx.due_webhooks() RETURNS TABLE (webhook_id uuid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
    WITH RECURSIVE waiting (webhook_id) AS (
        (SELECT q.tenant_id FROM nofx.queue q
         WHERE q.topic = 'webhook' AND q.state = 'available' ORDER BY q.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT q.tenant_id FROM nofx.queue q
                WHERE q.topic = 'webhook' AND q.state = 'available' AND q.tenant_id > w.webhook_id
                ORDER BY q.tenant_id LIMIT 1)
        FROM waiting w WHERE w.webhook_id IS NOT NULL
    )
    SELECT w.webhook_id FROM waiting w WHERE w.webhook_id IS NOT NULL
$$;

-- Whether mail is due, and messages to webhooks that do not rest.
CREATE OR REPLACE FUNCTION nofx.due_deliveries(OUT mail boolean, OUT messages boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    mail := EXISTS (SELECT FROM nofx.queue q WHERE q.topic = 'mail' AND q.state = 'available');
    messages := EXISTS (
        SELECT FROM nofx.due_webhooks() d JOIN nofx.webhooks w ON w.id = d.webhook_id
        JOIN nofx.teams t ON t.id = w.team_id AND t.deleted_at IS NULL
        WHERE w.rests_until <= now() AND w.disabled_at IS NULL);
END
$$;

-- The invite of a mail that the caller has claimed, with a new token; no row where the claim is lost or the invite can
-- no longer be accepted.
CREATE OR REPLACE FUNCTION nofx.open_mail(p_job uuid, p_fence bigint, p_token_hash bytea) RETURNS TABLE (
    email text, role text, message text, expires_at timestamptz, team text, inviter text
)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH invite AS (
        SELECT i.id, i.email, i.role, i.message, i.expires_at, t.name AS team, u.email AS inviter
        FROM nofx.queue q
        JOIN nofx.team_invites i ON i.id = CASE
            WHEN q.payload ->> 'inviteId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            THEN (q.payload ->> 'inviteId')::uuid END
        JOIN nofx.teams t ON t.id = i.team_id AND t.deleted_at IS NULL
        LEFT JOIN nofx.users u ON u.id = i.invited_by
        WHERE q.id = p_job AND q.fence = p_fence AND q.topic = 'mail' AND q.lease_until IS NOT NULL
          AND i.status = 'pending' AND i.expires_at > now()
    ), token AS (
        INSERT INTO nofx.team_invite_tokens (token_hash, invite_id) SELECT p_token_hash, i.id FROM invite i
    )
    SELECT i.email, i.role, i.message, i.expires_at, i.team, i.inviter FROM invite i
$$;

-- Picks the webhook that has rested longest, of those with available messages, and makes it rest during the attempt.
-- Webhooks of teams that are not in p_order come first, then those of the teams in p_order, in its order. Webhooks of the
-- teams in p_sparing are left out.
--
-- The rest is longer than an attempt can take. If a deliverer dies, the webhook's other messages wait no longer than
-- that.
CREATE OR REPLACE FUNCTION nofx.begin_delivery(p_order uuid[] DEFAULT '{}', p_sparing uuid[] DEFAULT '{}')
RETURNS TABLE (id uuid, team_id uuid, url text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH due AS MATERIALIZED (
        SELECT w.id
        FROM nofx.due_webhooks() d JOIN nofx.webhooks w ON w.id = d.webhook_id
        JOIN nofx.teams t ON t.id = w.team_id AND t.deleted_at IS NULL
        WHERE w.rests_until <= now() AND w.disabled_at IS NULL AND w.team_id <> ALL (p_sparing)
        ORDER BY coalesce(array_position(p_order, w.team_id), 0), w.rests_until LIMIT 1 FOR NO KEY UPDATE OF w SKIP LOCKED
    )
    UPDATE nofx.webhooks w SET rests_until = now() + interval '30 seconds'
    FROM due WHERE w.id = due.id RETURNING w.id, w.team_id, w.url
$$;

-- Ends the rest of a webhook that turned out to have no message to deliver.
CREATE OR REPLACE FUNCTION nofx.skip_delivery(p_webhook uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE nofx.webhooks w SET rests_until = now() WHERE w.id = p_webhook
$$;

-- Records an attempt with the webhook, and when its next message may go: after a failure not before p_pause, else after
-- p_rest. Returns whether the webhook is disabled.
--
-- A webhook that fails rests longer each time, from 10 seconds to 10 minutes. It is disabled after three days of
-- failures, or when its receiver says that it is gone.
CREATE OR REPLACE FUNCTION nofx.end_delivery(
    p_webhook uuid, p_has_failed boolean, p_error text, p_pause interval, p_rest interval, p_is_gone boolean
) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE nofx.webhooks w
    SET failures = CASE WHEN p_has_failed THEN w.failures + 1 ELSE 0 END,
        failing_since = CASE WHEN p_has_failed THEN coalesce(w.failing_since, now()) END,
        last_error = left(p_error, 500),
        rests_until = now() + CASE WHEN p_has_failed
            THEN greatest(p_pause, least(interval '10 minutes', interval '10 seconds' * 2 ^ least(w.failures, 10)))
            ELSE p_rest END,
        disabled_at = CASE WHEN p_is_gone OR p_has_failed AND w.failing_since <= now() - interval '3 days'
            THEN now() END
    WHERE w.id = p_webhook
    RETURNING w.disabled_at IS NOT NULL
$$;

-- Deletes available messages to webhooks that have been disabled or whose team has been deleted, at most p_limit: a
-- webhook that was disabled after days of failures may have left any number. Returns the number.
CREATE OR REPLACE FUNCTION nofx.drop_undeliverable_messages(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM nofx.queue q WHERE q.id = ANY (ARRAY(
        SELECT m.id FROM nofx.due_webhooks() d
        JOIN nofx.queue m ON m.topic = 'webhook' AND m.tenant_id = d.webhook_id AND m.state = 'available'
        WHERE NOT EXISTS (
            SELECT FROM nofx.webhooks w JOIN nofx.teams t ON t.id = w.team_id AND t.deleted_at IS NULL
            WHERE w.id = d.webhook_id AND w.disabled_at IS NULL
        )
        LIMIT p_limit FOR UPDATE OF m SKIP LOCKED
    ));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Deletes the messages and the dead letters of a deleted webhook. A statement for each state, as each has its index.
CREATE OR REPLACE FUNCTION nofx.drop_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
BEGIN
    PERFORM nofx.require_table(TG_RELID, 'nofx.webhooks');
    DELETE FROM nofx.queue q WHERE q.state = 'available' AND q.topic = 'webhook' AND q.tenant_id = old.id;
    DELETE FROM nofx.queue q WHERE q.state = 'scheduled' AND q.topic = 'webhook' AND q.tenant_id = old.id;
    DELETE FROM nofx.queue q WHERE q.state = 'running' AND q.topic = 'webhook' AND q.tenant_id = old.id;
    DELETE FROM nofx.dead_letters d WHERE d.topic = 'webhook' AND d.tenant_id = old.id;
    RETURN NULL;
END
$$;
