-- revision: 1

-- For each webhook with messages that wait, the message that is due first; from webhook to webhook along the index, so
-- that the number of messages does not matter.
CREATE OR REPLACE FUNCTION nofx.due_webhooks() RETURNS TABLE (webhook_id uuid, message_id uuid)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE waiting AS (
        (SELECT o.subject_id, o.id, o.due_at FROM nofx.outbox o
         WHERE o.topic = 'webhook' AND o.status = 'pending' ORDER BY o.subject_id, o.due_at LIMIT 1)
        UNION ALL
        SELECT later.* FROM waiting CROSS JOIN LATERAL (
            SELECT o.subject_id, o.id, o.due_at FROM nofx.outbox o
            WHERE o.topic = 'webhook' AND o.status = 'pending' AND o.subject_id > waiting.subject_id
            ORDER BY o.subject_id, o.due_at LIMIT 1
        ) later
    )
    SELECT subject_id, id FROM waiting WHERE due_at <= now()
$$;

-- Deletes the messages of a deleted webhook.
CREATE OR REPLACE FUNCTION nofx.drop_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM nofx.outbox o WHERE o.subject_id = old.id AND o.topic = 'webhook';
    RETURN NULL;
END
$$;

-- Queues messages to a team's webhooks for the events that were just added, in the same transaction. For a team without
-- webhooks this is one index lookup.
--
-- A message's id is derived from the webhook, the run and the event's number, so that each message exists once.
CREATE OR REPLACE FUNCTION nofx.queue_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO nofx.outbox (id, topic, subject_id, payload)
    SELECT md5(w.id || '/' || e.run_id || '/' || e.seq)::uuid, 'webhook', w.id,
           json_build_object(
               'type', e.type, 'timestamp', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'data', json_build_object('teamId', e.team_id, 'runId', e.run_id, 'seq', e.seq, 'step', (
                   SELECT s.name FROM nofx.steps s
                   WHERE s.team_id = e.team_id AND s.run_id = e.run_id AND s.no = e.step_no
               ), 'data', e.data))
    FROM added e JOIN nofx.webhooks w ON w.team_id = e.team_id AND w.disabled_at IS NULL AND e.type = ANY (w.events)
    ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END
$$;
