-- min-compatible: 1

-- Permissions ------------------------------------------------------------------------------------

-- What a member may do: the role's permissions, or exactly the override where there is one.
CREATE FUNCTION nofx.permissions(p_role text, p_override text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(p_override, CASE p_role
        WHEN 'owner'  THEN '{read,write,delete,admin}'::text[]
        WHEN 'admin'  THEN '{read,write,delete}'::text[]
        WHEN 'member' THEN '{read,write}'::text[]
        WHEN 'viewer' THEN '{read}'::text[]
        ELSE '{}'::text[]
    END)
$$;

-- Users ------------------------------------------------------------------------------------------

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

-- Opens every transaction of a caller: refuses a program that does not fit the schema, makes the user on first
-- sight, and refuses a disabled one. An error here aborts the transaction before a statement of the endpoint runs.
-- Returns whether the address was left out because another user has it.
CREATE FUNCTION nofx.enter(
    p_schema_version   integer,
    p_user             uuid,
    p_issuer           text,
    p_subject          text,
    p_email            text,
    p_email_normalized text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    v_user        record;
    v_email_taken boolean := false;
BEGIN
    IF p_schema_version < (SELECT min_compatible FROM nofx.migrations ORDER BY version DESC LIMIT 1) THEN
        RAISE EXCEPTION 'the schema is newer than this program understands' USING ERRCODE = 'NX002';
    END IF;
    IF p_schema_version > (SELECT version FROM nofx.migrations ORDER BY version DESC LIMIT 1) THEN
        RAISE EXCEPTION 'the schema is older than this program needs' USING ERRCODE = 'NX003';
    END IF;

    SELECT issuer, subject, disabled_at INTO v_user FROM nofx.users WHERE id = p_user;
    IF NOT FOUND THEN
        INSERT INTO nofx.users (id, issuer, subject, email, email_normalized, email_verified_at)
        VALUES (p_user, p_issuer, p_subject, p_email, p_email_normalized,
                CASE WHEN p_email IS NOT NULL THEN now() END)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            -- Either a twin of this call was first, or another user has the address.
            INSERT INTO nofx.users (id, issuer, subject) VALUES (p_user, p_issuer, p_subject)
            ON CONFLICT (id) DO NOTHING;
            v_email_taken := FOUND;
        END IF;
        SELECT issuer, subject, disabled_at INTO v_user FROM nofx.users WHERE id = p_user;
    END IF;

    -- A subject that is a UUID is an id as it is: nobody gets in by choosing one that stands for somebody else.
    IF v_user.issuer <> p_issuer OR lower(v_user.subject) <> lower(p_subject) THEN
        RAISE EXCEPTION 'the id is another subject''s' USING ERRCODE = 'NX004';
    END IF;
    IF v_user.disabled_at IS NOT NULL THEN
        RAISE EXCEPTION 'the user is disabled' USING ERRCODE = 'NX001';
    END IF;
    RETURN v_email_taken;
END
$$;

-- Teams ------------------------------------------------------------------------------------------

CREATE FUNCTION nofx.slugify(p_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(btrim(left(btrim(regexp_replace(
        translate(replace(replace(replace(replace(replace(
            lower(regexp_replace(normalize(p_name, NFKD), '[\u0300-\u036F]', '', 'g')),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ĳ', 'ij'), 'øłđðı', 'olddi'),
        '[^a-z0-9]+', '-', 'g'), '-'), 48), '-'), ''), 'team')
$$;

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

-- Whether a new team gets the slug as it is, or with a suffix.
CREATE FUNCTION nofx.is_slug_free(p_slug text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT p_slug <> ALL ('{about,account,admin,api,app,auth,billing,blog,dashboard,docs,health,help,invite,invites,
                            login,logout,metrics,new,nofx,"null",root,security,settings,signup,static,status,support,
                            system,team,teams,undefined,user,users,www}'::text[])
       AND NOT EXISTS (SELECT FROM nofx.teams WHERE slug = p_slug AND deleted_at IS NULL)
$$;

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

-- Exactly one owner, whatever code does: at most one by this index, at least one by the foreign key, which
-- is checked at COMMIT. A team without an owner cannot be stored.
CREATE UNIQUE INDEX team_members_one_owner ON nofx.team_members (team_id) WHERE role = 'owner';
ALTER TABLE nofx.teams ADD CONSTRAINT teams_owner_fk
    FOREIGN KEY (id, owner_id, owner_flag) REFERENCES nofx.team_members (team_id, user_id, is_owner)
    DEFERRABLE INITIALLY DEFERRED;

-- Invites ----------------------------------------------------------------------------------------

CREATE TABLE nofx.team_invites (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id          uuid NOT NULL REFERENCES nofx.teams (id) ON DELETE CASCADE,
    email            text NOT NULL,
    email_normalized text NOT NULL
                     CHECK (email_normalized = lower(email_normalized) AND octet_length(email_normalized) <= 254),
    role             text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    token_hash       bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
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

-- Audit ------------------------------------------------------------------------------------------

-- No foreign keys: what was done outlives the team it was done to.
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
CREATE INDEX team_activity_page ON nofx.team_activity (team_id, id DESC);

CREATE FUNCTION nofx.reject_write() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER team_activity_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON nofx.team_activity
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.reject_write();

-- Best effort: its own subtransaction and 100 ms for locks; NULL instead of an error. A cancelled statement
-- is not caught, because a caller's deadline is not the audit trail's to break.
CREATE FUNCTION nofx.log_activity(
    p_team          uuid,
    p_team_name     text,
    p_actor         uuid,
    p_action        text,
    p_resource_type text,
    p_resource_id   text,
    p_metadata      jsonb,
    p_origin        jsonb
) RETURNS bigint
LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO nofx.team_activity (team_id, team_name, actor_id, action, resource_type, resource_id, metadata,
                                    credential, request_id, ip, user_agent)
    VALUES (p_team, p_team_name, p_actor, p_action, p_resource_type, p_resource_id, coalesce(p_metadata, '{}'),
            p_origin ->> 'credential', p_origin ->> 'requestId', p_origin ->> 'ip', p_origin ->> 'userAgent')
    RETURNING id INTO v_id;
    RETURN v_id;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'activity not recorded: %', SQLSTATE;
    RETURN NULL;
END
$$;

-- Denied attempts: one row a minute for the same attempt, and an empty team_id for all teams that do not exist, so
-- that nobody can fill the disk. No foreign keys: what was tried outlives whom it was tried on.
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

-- Grants -----------------------------------------------------------------------------------------

-- Gives a role what the functions need, and nothing to delete or alter.
CREATE FUNCTION nofx.grant_to(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA nofx TO %I', p_role);
    EXECUTE format('GRANT SELECT ON nofx.migrations TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON nofx.users, nofx.teams, nofx.team_members, nofx.team_invites, '
                   'nofx.security_events TO %I', p_role);
    EXECUTE format('GRANT SELECT, INSERT ON nofx.team_activity TO %I', p_role);
END
$$;
