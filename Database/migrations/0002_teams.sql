-- min-compatible: 1

CREATE TABLE nofx.users (
    id                uuid PRIMARY KEY,
    issuer            text NOT NULL,
    subject           text NOT NULL,
    email             text,
    email_normalized  text UNIQUE
                      CHECK (email_normalized = lower(email_normalized) AND octet_length(email_normalized) <= 254),
    email_verified_at timestamptz,
    disabled_at       timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    CHECK ((email IS NULL) = (email_normalized IS NULL))
);

-- The verified addresses that users had before. An invite to one of them may still be for the user.
CREATE TABLE nofx.former_emails (
    user_id          uuid NOT NULL REFERENCES nofx.users (id) ON DELETE CASCADE,
    email_normalized text NOT NULL,
    PRIMARY KEY (user_id, email_normalized)
);

CREATE TABLE nofx.teams (
    id            uuid PRIMARY KEY,
    name          text NOT NULL
                  CHECK (char_length(name) BETWEEN 2 AND 100 AND name = btrim(name) AND name !~ '[[:cntrl:]<>]'),
    slug          text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    owner_id      uuid NOT NULL,
    owner_flag    boolean NOT NULL DEFAULT true CHECK (owner_flag),
    billing_email text CHECK (octet_length(billing_email) <= 254),
    settings      jsonb NOT NULL DEFAULT '{}'
                  CHECK (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 16384),
    version       bigint NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz,
    deleted_by    uuid,
    purge_after   timestamptz,
    CHECK ((deleted_at IS NULL) = (purge_after IS NULL))
);
CREATE UNIQUE INDEX teams_slug_live ON nofx.teams (slug) WHERE deleted_at IS NULL;
CREATE INDEX teams_owner ON nofx.teams (owner_id) WHERE deleted_at IS NULL;
CREATE INDEX teams_purge ON nofx.teams (purge_after) WHERE purge_after IS NOT NULL;

CREATE TABLE nofx.team_members (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id     uuid NOT NULL REFERENCES nofx.teams (id) ON DELETE CASCADE,
    user_id     uuid NOT NULL REFERENCES nofx.users (id) ON DELETE CASCADE,
    role        text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    is_owner    boolean GENERATED ALWAYS AS (role = 'owner') STORED,
    permissions text[] CHECK (permissions <@ '{read,write,delete,admin}'::text[]
                              AND array_position(permissions, NULL) IS NULL
                              AND cardinality(permissions) <= 4),
    joined_at   timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (role <> 'owner' OR permissions IS NULL),
    UNIQUE (team_id, user_id),
    UNIQUE (team_id, user_id, is_owner)
);
CREATE INDEX team_members_user ON nofx.team_members (user_id, joined_at DESC, team_id DESC);
CREATE INDEX team_members_page ON nofx.team_members (team_id, joined_at, id);

-- Exactly one owner: at most one by this index, at least one by the foreign key, which is checked at COMMIT.
CREATE UNIQUE INDEX team_members_one_owner ON nofx.team_members (team_id) WHERE role = 'owner';

ALTER TABLE nofx.teams ADD CONSTRAINT teams_owner_fk
    FOREIGN KEY (id, owner_id, owner_flag) REFERENCES nofx.team_members (team_id, user_id, is_owner)
    DEFERRABLE INITIALLY DEFERRED;

-- When a user was last removed from a team by another member: earlier invites are no longer valid for the user.
CREATE TABLE nofx.team_removals (
    team_id    uuid NOT NULL REFERENCES nofx.teams (id) ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES nofx.users (id) ON DELETE CASCADE,
    removed_at timestamptz NOT NULL,
    PRIMARY KEY (team_id, user_id)
);

CREATE TABLE nofx.team_invites (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id          uuid NOT NULL REFERENCES nofx.teams (id) ON DELETE CASCADE,
    email            text NOT NULL,
    email_normalized text NOT NULL
                     CHECK (email_normalized = lower(email_normalized) AND octet_length(email_normalized) <= 254),
    role             text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    invited_by       uuid NOT NULL,
    message          text CHECK (char_length(message) <= 1000),
    status           text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted', 'cancelled', 'expired')),
    created_at       timestamptz NOT NULL DEFAULT now(),
    expires_at       timestamptz NOT NULL DEFAULT now() + interval '7 days',
    decided_at       timestamptz,
    accepted_by      uuid,
    CHECK ((status = 'accepted') = (accepted_by IS NOT NULL)),
    CHECK ((status = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX team_invites_one_pending ON nofx.team_invites (team_id, email_normalized) WHERE status = 'pending';
CREATE INDEX team_invites_team ON nofx.team_invites (team_id, created_at DESC, id DESC);
CREATE INDEX team_invites_inviter ON nofx.team_invites (team_id, invited_by) WHERE status = 'pending';
-- For purge.
CREATE INDEX team_invites_expiry ON nofx.team_invites (expires_at) WHERE status = 'pending';
CREATE INDEX team_invites_decided ON nofx.team_invites (decided_at) WHERE status <> 'pending';

-- The audit trail of teams. No foreign keys, because it must outlive the team.
CREATE TABLE nofx.team_activity (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id       uuid NOT NULL,
    team_name     text,
    actor_id      uuid,
    action        text NOT NULL,
    resource_type text,
    resource_id   text,
    metadata      jsonb NOT NULL DEFAULT '{}',
    credential    text,
    request_id    text,
    ip            text,
    user_agent    text,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- For purge.
CREATE INDEX team_activity_age ON nofx.team_activity (created_at);
CREATE INDEX team_activity_page ON nofx.team_activity (team_id, id DESC);
-- The user who deleted a team last may read its activity after nobody is a member any more.
CREATE INDEX team_activity_deleted ON nofx.team_activity (actor_id, team_id) WHERE action = 'team.deleted';

-- Denied attempts: one row a minute for the same attempt, and an empty team_id for all teams that do not exist, so that
-- no caller can fill the disk. No foreign keys, because the record must outlive the team.
CREATE TABLE nofx.security_events (
    bucket     timestamptz NOT NULL,
    user_id    text NOT NULL,
    team_id    text NOT NULL,
    action     text NOT NULL,
    reason     text NOT NULL,
    hits       bigint NOT NULL DEFAULT 1,
    first_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    request_id text,
    ip         text,
    credential text,
    PRIMARY KEY (user_id, team_id, action, reason, bucket)
);
-- For purge.
CREATE INDEX security_events_age ON nofx.security_events (bucket);
CREATE INDEX security_events_team ON nofx.security_events (team_id, bucket DESC, user_id, action, reason);

-- The tokens of invites. Each answer and each mail has a new token, of which only the SHA-256 is stored; the earlier
-- tokens stay valid.
CREATE TABLE nofx.team_invite_tokens (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    invite_id  uuid NOT NULL REFERENCES nofx.team_invites (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX team_invite_tokens_invite ON nofx.team_invite_tokens (invite_id);

-- The audit trail of operators. A row is committed together with the action.
CREATE TABLE nofx.operator_actions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    uuid NOT NULL,
    action     text NOT NULL,
    subject    text NOT NULL,
    before     jsonb,
    after      jsonb,
    credential text,
    request_id text,
    ip         text,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

ALTER TABLE nofx.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.former_emails ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.team_removals ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.team_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.team_invites ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.team_invite_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.team_activity ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.security_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE nofx.operator_actions ENABLE ROW LEVEL SECURITY;
