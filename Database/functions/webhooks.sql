-- revision: 1

-- Mail and messages to webhooks are jobs of the queue, of the topics `mail` and `webhook`. Triggers add them, in the
-- transaction that causes them. The tenant of a mail is its team. The tenant of a message is its webhook, so that each
-- webhook has its own turn and its own order.

-- Queues the mail for each new invite. It has no token: the delivery makes one. A job's id is derived from the invite,
-- so that each mail exists once.
CREATE OR REPLACE FUNCTION nofx.queue_mail() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
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
    INSERT INTO nofx.queue (id, topic, tenant_id, payload)
    SELECT m.id, 'webhook', m.webhook_id, m.payload
    FROM (
        SELECT md5(w.id || '/' || e.run_id || '/' || e.seq)::uuid AS id, w.id AS webhook_id,
               json_build_object(
                   'type', e.type, 'timestamp', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   'data', json_build_object('teamId', e.team_id, 'runId', e.run_id, 'seq', e.seq, 'step', (
                       SELECT s.name FROM nofx.steps s
                       WHERE s.team_id = e.team_id AND s.run_id = e.run_id AND s.no = e.step_no
                   ), 'data', e.data)) AS payload
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
    DELETE FROM nofx.queue q WHERE q.state = 'available' AND q.topic = 'webhook' AND q.tenant_id = old.id;
    DELETE FROM nofx.queue q WHERE q.state = 'scheduled' AND q.topic = 'webhook' AND q.tenant_id = old.id;
    DELETE FROM nofx.queue q WHERE q.state = 'running' AND q.topic = 'webhook' AND q.tenant_id = old.id;
    DELETE FROM nofx.dead_letters d WHERE d.topic = 'webhook' AND d.tenant_id = old.id;
    RETURN NULL;
END
$$;
