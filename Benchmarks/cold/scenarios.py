"""The events for every endpoint, and the rows that the calls need.

A target is the data of one call: a separate team with its members, invites and so on, which no other call uses. Its
identifiers are digests of the endpoint's name and the target's number, so that SQL can compute the same identifiers.
"""

import base64
import hashlib
import os
import string
import uuid


class Endpoint:
    def __init__(self, name, event, expected="{", caller="owner", role="app", operates=False, **shape):
        self.name, self.event, self.expected, self.caller, self.role = name, event, expected, caller, role
        self.operates = operates
        self.shape = {"members": 3, "teams": 1, "invites": 0, "keys": 0, "entries": 0, "events": 0, "days": 0, "webhooks": 0,
                      "runs": 0, **shape}


TEAM, MEMBER = '{"teamId":"$team"}', '{"teamId":"$team","memberId":"$member"}'
RUN, GATE = '{"teamId":"$team","runId":"$run"}', '{"teamId":"$team","runId":"$run","step":"approve","reason":"Tested"}'
PLAN = '"plan":{"goal":"Greet","steps":[{"name":"greet","tool":"test:echo","inputs":{"text":"Hello"}}]}'

# Name, event, and a text that the response must contain; the caller, if not the owner of the team, and the numbers of
# rows.
CALLERS = [
    Endpoint("acceptInvite", '{"token":"$token"}', "$team", caller="guest", invites=1),
    Endpoint("aiHealth", "{}", '"openai"', members=1),
    Endpoint("aiUsage", TEAM, "$last", days=20),
    Endpoint("approveGate", GATE, '"status":"approved"', runs=1),
    Endpoint("cancelInvite", '{"teamId":"$team","inviteId":"$invite"}', '"cancelled"', invites=1),
    Endpoint("cancelRun", RUN, '"status":"cancelled"', runs=1),
    Endpoint("createApiKey", '{"name":"CI","scopes":["read"],"teamId":"$team"}', "nofx_"),
    Endpoint("createTeam", '{"name":"Acme"}', '"ownerId":"$owner"'),
    Endpoint("createWebhook", '{"teamId":"$team","url":"https://hooks.example/"}', "whsec_"),
    Endpoint("deleteTeam", TEAM, "$team"),
    Endpoint("deleteWebhook", '{"teamId":"$team","webhookId":"$webhook"}', "$webhook", webhooks=1),
    Endpoint("getArtifact", '{"teamId":"$team","runId":"$run","step":"build","name":"hello.txt"}', '"content":"Hello"', runs=1),
    Endpoint("getRun", RUN, '"goal":"Greet"', runs=1),
    Endpoint("getTeam", TEAM, "$team"),
    Endpoint("inviteMember", '{"teamId":"$team","email":"new@example.com","role":"viewer"}', "nofxi_"),
    Endpoint("leaveTeam", TEAM, "$team", caller="member_user"),
    Endpoint("listActivity", TEAM, "$last", entries=20),
    Endpoint("listApiKeys", "{}", "$key", keys=20),
    Endpoint("listDeadLetters", "{}", '"items":[]', members=1, operates=True),
    Endpoint("listGates", TEAM, "$run", runs=20),
    Endpoint("listInvites", TEAM, "$invite", invites=20),
    Endpoint("listMembers", TEAM, "$member", members=20),
    Endpoint("listRuns", TEAM, "$run", runs=20),
    Endpoint("listSecurityEvents", TEAM, "$last", events=20),
    Endpoint("listTeams", "{}", "$team", members=1, teams=20),
    Endpoint("previewRun", '{"teamId":"$team",%s}' % PLAN, '"stages":1'),
    Endpoint("listWebhooks", TEAM, "$webhook", webhooks=10),
    Endpoint("queueStats", "{}", '"topics":[]', members=1, operates=True),
    Endpoint("redriveDeadLetters", "{}", '"redriven":0', members=1, operates=True),
    Endpoint("removeMember", MEMBER, "$team"),
    Endpoint("rerunRun", RUN, '"rerunOf":"$run"', runs=1),
    Endpoint("resetBreaker", '{"name":"openai"}', '"changed":false', members=1, operates=True),
    Endpoint("restoreTeam", TEAM, "$team"),
    Endpoint("retryStep", '{"teamId":"$team","runId":"$run","step":"tell"}', '"status":"running"', runs=1),
    Endpoint("revokeApiKey", '{"keyId":"$key"}', "$key", keys=1),
    Endpoint("runTimeline", RUN, '"seq":20', runs=1),
    Endpoint("setAiBudget", '{"teamId":"$team","dailyUsd":"5"}', '"ownDailyUsd":"5"', operates=True),
    Endpoint("startRun", '{"teamId":"$team",%s}' % PLAN, '"status":"running"'),
    Endpoint("setToolPolicy", '{"teamId":"$team","tools":["test:echo"]}', '"test:echo"', operates=True),
    Endpoint("transferOwnership", MEMBER, '"ownerId":"$member_user"'),
    Endpoint("updateMemberRole", '{"teamId":"$team","memberId":"$member","role":"viewer"}', '"role":"viewer"'),
    Endpoint("updateTeam", '{"teamId":"$team","name":"Initech"}', '"name":"Initech"'),
    Endpoint("waiveGate", GATE, '"status":"waived"', runs=1),
]

# These functions find no work, but for the one that makes a key.
OPERATORS = [
    Endpoint("createOperatorKey", '{"operator":"ada","name":"laptop","revokeOthers":true}', "nofx_", role="owner"),
    Endpoint("deliverOutbox", "{}", '"claimed":0', role="operator"),
    Endpoint("migrate", "{}", '"applied":[]', role="owner"),
    Endpoint("purge", "{}", '"rateLimits":0', role="operator"),
    Endpoint("runWorker", "{}", '"processed":0', role="operator"),
]


class Target:
    def __init__(self, endpoint, number):
        def name(kind, index=0):
            return hashlib.md5(f"{kind}/{endpoint.name}/{number}/{index}".encode())

        def identifier(kind, index=0):
            return str(uuid.UUID(name(kind, index).hexdigest()))

        invite = identifier("invite")
        secret = hashlib.sha256(invite.encode()).digest()
        self.names = {
            "owner": identifier("user"),
            "member_user": identifier("user", 1),
            "guest": identifier("user", endpoint.shape["members"]),
            "team": identifier("team"),
            "member": identifier("member", 1),
            "invite": invite,
            "token": "nofxi_" + base64.urlsafe_b64encode(secret).rstrip(b"=").decode(),
            "key": name("key").hexdigest()[:12],
            "last": identifier("last"),
            "webhook": identifier("webhook"),
            "run": identifier("run"),
        }
        self.caller = self.names[endpoint.caller]
        self.event = string.Template(endpoint.event).substitute(self.names).encode()
        self.expected = string.Template(endpoint.expected).substitute(self.names)

    def forms(self):
        """Returns the byte strings that identify the target in statement values. Number and lengths are constant."""
        forms = [hashlib.sha256(self.names["token"].encode()).digest()]
        for name in self.names.values():
            forms.append(name.encode())
            if len(name) == 36:
                forms.append(uuid.UUID(name).bytes)
        return forms


def world(endpoints, count):
    """Returns the statements that create `count` targets for each endpoint."""
    shapes = ", ".join(f"('{e.name}', {', '.join(map(str, e.shape.values()))})" for e in endpoints)
    return WORLD.replace("$shapes", shapes).replace("$count", str(count)).replace("$issuer", os.environ["NOFX_JWT_ISSUER"])


WORLD = """
BEGIN;
CREATE TEMPORARY TABLE targets AS
SELECT * FROM (VALUES $shapes)
         AS shape (endpoint, members, teams, invites, keys, entries, events, days, webhooks, runs)
CROSS JOIN generate_series(0, $count - 1) AS number;

CREATE FUNCTION pg_temp.name(kind text, target targets, i integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT md5(concat_ws('/', kind, target.endpoint, target.number, i))
$$;
CREATE FUNCTION pg_temp.id(kind text, target targets, i integer DEFAULT 0) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.name(kind, target, i)::uuid
$$;

INSERT INTO nofx.users (id, issuer, subject, email, email_normalized, email_verified_at)
SELECT u, '$issuer', u, u || '@example.com', u || '@example.com', now()
FROM targets t, generate_series(0, t.members) AS i, pg_temp.id('user', t, i) AS u;

INSERT INTO nofx.teams (id, name, slug, owner_id, deleted_at, deleted_by, purge_after)
SELECT team, 'Globex', team, u, CASE WHEN is_deleted THEN now() END, CASE WHEN is_deleted THEN u END,
       CASE WHEN is_deleted THEN now() + interval '30 days' END
FROM targets t, generate_series(0, t.teams - 1) AS i, pg_temp.id('team', t, i) AS team, pg_temp.id('user', t) AS u,
     LATERAL (SELECT t.endpoint = 'restoreTeam' AS is_deleted) AS state;

INSERT INTO nofx.team_members (id, team_id, user_id, role, joined_at)
SELECT pg_temp.id('member', t, team * 1000 + i), pg_temp.id('team', t, team), pg_temp.id('user', t, i),
       CASE i WHEN 0 THEN 'owner' ELSE 'member' END, now() - interval '1 hour' + i * interval '1 second'
FROM targets t, generate_series(0, t.teams - 1) AS team, generate_series(0, t.members - 1) AS i;

INSERT INTO nofx.team_invites (id, team_id, email, email_normalized, role, invited_by)
SELECT pg_temp.id('invite', t, i), pg_temp.id('team', t), email, email, 'member', pg_temp.id('user', t)
FROM targets t, generate_series(0, t.invites - 1) AS i,
     LATERAL (SELECT pg_temp.id('user', t, t.members + i) || '@example.com' AS email) AS guest;
INSERT INTO nofx.team_invite_tokens (token_hash, invite_id)
SELECT sha256(convert_to('nofxi_' || rtrim(translate(encode(secret, 'base64'), '+/', '-_'), '='), 'UTF8')), id
FROM nofx.team_invites, LATERAL (SELECT sha256(convert_to(id::text, 'UTF8')) AS secret) AS token;

INSERT INTO nofx.api_keys (id, user_id, name, secret_hash, scopes, expires_at)
SELECT left(pg_temp.name('key', t, i), 12), pg_temp.id('user', t), 'Key ' || i, sha256(i::text::bytea), '{read}',
       now() + interval '90 days'
FROM targets t, generate_series(0, t.keys - 1) AS i;

INSERT INTO nofx.webhooks (team_id, id, url, events, created_by)
SELECT pg_temp.id('team', t), pg_temp.id('webhook', t, i), 'https://hooks.example/', '{run.failed}', pg_temp.id('user', t)
FROM targets t, generate_series(0, t.webhooks - 1) AS i;

INSERT INTO nofx.team_activity (team_id, team_name, actor_id, action, resource_type, resource_id, metadata, credential,
                                request_id)
SELECT team, 'Globex', pg_temp.id('user', t), 'team.updated', 'team', pg_temp.id('last', t), '{"fields": ["name"]}',
       'session', gen_random_uuid()
FROM targets t, generate_series(1, t.entries) AS i, pg_temp.id('team', t) AS team;

INSERT INTO nofx.security_events (bucket, user_id, team_id, action, reason, request_id, credential)
SELECT date_trunc('minute', now()) - i * interval '1 minute', pg_temp.id('last', t), pg_temp.id('team', t),
       'team.update', 'not_a_member_or_missing', gen_random_uuid(), 'session'
FROM targets t, generate_series(1, t.events) AS i;

INSERT INTO nofx.ai_usage_daily
SELECT pg_temp.id('team', t), current_date - i, 'openai', pg_temp.id('last', t), 9, 8, 1, 0, 900, 90, 0, 0, 0, 9, 90, NULL, 90
FROM targets t, generate_series(1, t.days) AS i;

-- Runs that have come to a gate: of four steps one is done, one failed without harm, and one depends on the gate.
CREATE TEMPORARY TABLE started AS
SELECT pg_temp.id('team', t) AS team, pg_temp.id('run', t, i) AS run, pg_temp.id('user', t) AS starter,
       now() - i * interval '1 second' AS at
FROM targets t, generate_series(0, t.runs - 1) AS i;
INSERT INTO nofx.runs (team_id, id, goal, status, steps_total, steps_open, steps_queued, event_seq, created_by, created_at)
SELECT team, run, 'Greet', 'waiting', 4, 2, 0, 20, starter, at FROM started;
INSERT INTO nofx.steps
    (team_id, run_id, no, name, tool, topic, is_gate, status, inputs, outputs, error, deps, dependents, deps_left,
     continues, priority, attempt, max_attempts, timeout_s, retry_base_s, retry_cap_s, delay_s, queued_at, started_at,
     ended_at)
SELECT team, run, no, name, tool, replace(tool, ':', '.'), no = 1, status, '{"text":"Hello"}', outputs::json, error::json,
       deps::smallint[], dependents::smallint[], deps_left, no = 2, 0, attempt, 1, 60, 2, 300, 0, at, began, ended
FROM started, (VALUES
    (0, 'build', 'test:echo', 'succeeded', '{"text":"Hello"}', NULL, '{}', '{}', 0, 1, now(), now()),
    (1, 'approve', 'gate:manual', 'waiting', NULL, NULL, '{}', '{3}', 0, 0, NULL, NULL),
    (2, 'tell', 'test:echo', 'failed', NULL, '{"code":"tests","message":"Failed"}', '{}', '{}', 0, 1, now(), now()),
    (3, 'greet', 'test:echo', 'blocked', NULL, NULL, '{1}', '{}', 1, 0, NULL, NULL)
) AS step (no, name, tool, status, outputs, error, deps, dependents, deps_left, attempt, began, ended);
INSERT INTO nofx.gates (team_id, run_id, step_no, allows_waiver, four_eyes, message, created_at)
SELECT team, run, 1, true, false, 'Say it?', at FROM started;
INSERT INTO nofx.events (team_id, run_id, seq, step_no, type, data)
SELECT team, run, i, 0, 'step.retrying', '{"attempt":1}' FROM started, generate_series(1, 20) AS i;
INSERT INTO nofx.artifacts (team_id, run_id, step_no, name, content_type, sha256, content)
SELECT team, run, 0, 'hello.txt', 'text/plain', sha256('Hello'), 'Hello' FROM started;
COMMIT;
VACUUM ANALYZE;
"""
