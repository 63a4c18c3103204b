-- revision: 1

-- Who calls, and what a caller may see and do.
--
-- Functions that are SECURITY DEFINER look names up in pg_catalog and nowhere else. An empty search_path would still
-- find types in the caller's temporary schema first.

-- Refuses a program that does not fit the schema.
CREATE OR REPLACE FUNCTION nofx.check_version(p_schema_version integer) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_newest record;
BEGIN
    SELECT version, min_compatible INTO v_newest FROM nofx.migrations ORDER BY version DESC LIMIT 1;
    IF p_schema_version < v_newest.min_compatible THEN
        RAISE EXCEPTION 'the schema is newer than this program understands' USING ERRCODE = 'NX002';
    END IF;
    IF p_schema_version > v_newest.version THEN
        RAISE EXCEPTION 'the schema is older than this program needs' USING ERRCODE = 'NX003';
    END IF;
END
$$;

-- Opens every transaction of a caller: refuses a program that does not fit the schema, creates the user on first sight,
-- refuses a disabled user, and stores the verified address of the caller's token. An error here aborts the transaction
-- before a statement of the endpoint runs. For the rest of the transaction the caller is named to policies and
-- functions; p_operates says whether the caller's credential proves that the caller operates the product.
--
-- The database trusts the role of the functions to have verified the credential. Everything else it checks itself.
--
-- p_issued_at is the time at which the issuer made the token with the address; NULL counts as now. `email_outcome` and
-- `former_holder` are as in nofx.adopt_email.
CREATE OR REPLACE FUNCTION nofx.enter(
    p_schema_version   integer,
    p_user             uuid,
    p_issuer           text,
    p_subject          text,
    p_email            text,
    p_email_normalized text,
    p_operates         boolean DEFAULT false,
    p_issued_at        timestamptz DEFAULT NULL,
    OUT email_outcome  text,
    OUT former_holder  uuid
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_user record;
BEGIN
    PERFORM nofx.check_version(p_schema_version);

    SELECT issuer, subject, email, disabled_at INTO v_user FROM nofx.users WHERE id = p_user;
    IF NOT FOUND THEN
        PERFORM nofx.lock_email(p_email_normalized);
        INSERT INTO nofx.users (id, issuer, subject, email, email_normalized, email_verified_at)
        VALUES (p_user, p_issuer, p_subject, p_email, p_email_normalized,
                CASE WHEN p_email IS NOT NULL THEN coalesce(p_issued_at, now()) END)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            -- Either the same call ran at the same time and was first, or another user has the address.
            INSERT INTO nofx.users (id, issuer, subject) VALUES (p_user, p_issuer, p_subject)
            ON CONFLICT (id) DO NOTHING;
        END IF;
        SELECT issuer, subject, email, disabled_at INTO v_user FROM nofx.users WHERE id = p_user;
    END IF;

    -- A subject that is a UUID is used as the id: a caller cannot choose a subject that is another user's id.
    IF v_user.issuer <> p_issuer OR lower(v_user.subject) <> lower(p_subject) THEN
        RAISE EXCEPTION 'the id is another subject''s' USING ERRCODE = 'NX004';
    END IF;
    IF v_user.disabled_at IS NOT NULL THEN
        RAISE EXCEPTION 'the user is disabled' USING ERRCODE = 'NX001';
    END IF;
    IF p_email IS NOT NULL AND p_email IS DISTINCT FROM v_user.email THEN
        SELECT a.outcome, a.former_holder INTO email_outcome, former_holder
        FROM nofx.adopt_email(p_user, p_email, p_email_normalized, coalesce(p_issued_at, now())) a;
    END IF;
    PERFORM set_config('nofx.user_id', p_user::text, true), set_config('nofx.operates', p_operates::text, true);
END
$$;

-- The caller that nofx.enter named; NULL outside of a caller's transaction.
CREATE OR REPLACE FUNCTION nofx.me() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('nofx.user_id', true), '')::uuid
$$;

-- Whether operators' functions may run: for a caller who proved to operate the product, for an operator's role, and for
-- the schema's owner.
CREATE OR REPLACE FUNCTION nofx.may_operate() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN nofx.me() IS NOT NULL AND coalesce(nullif(current_setting('nofx.operates', true), '')::boolean, false)
        OR pg_has_role(session_user, current_user, 'MEMBER')
        OR EXISTS (SELECT FROM nofx.database_roles d JOIN pg_roles r ON r.rolname = d.name
                   WHERE d.kind = 'operator' AND pg_has_role(session_user, r.oid, 'MEMBER'));
END
$$;

-- Refuses a caller who does not operate the product. Returns true, so that a query can ask in its WHERE clause.
CREATE OR REPLACE FUNCTION nofx.require_operator() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT nofx.may_operate() THEN
        RAISE EXCEPTION 'the caller does not operate the product' USING ERRCODE = '42501';
    END IF;
    RETURN true;
END
$$;

-- Refuses a call without a caller whom nofx.enter named, except an operator's.
CREATE OR REPLACE FUNCTION nofx.require_caller() RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF nofx.me() IS NULL THEN PERFORM nofx.require_operator(); END IF;
END
$$;

-- The next three are SECURITY DEFINER because policies call them: otherwise a policy would apply to its own query. They
-- are in PL/pgSQL because PL/pgSQL keeps its plans for the next call.
CREATE OR REPLACE FUNCTION nofx.my_team_ids() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT m.team_id FROM nofx.team_members m WHERE m.user_id = nofx.me();
END
$$;

CREATE OR REPLACE FUNCTION nofx.my_teammate_ids() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT b.user_id FROM nofx.team_members a JOIN nofx.team_members b ON b.team_id = a.team_id
        WHERE a.user_id = nofx.me();
END
$$;

CREATE OR REPLACE FUNCTION nofx.my_purged_team_ids() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT a.team_id FROM nofx.team_activity a
        WHERE a.action = 'team.deleted' AND a.actor_id = nofx.me()
          AND NOT EXISTS (SELECT FROM nofx.teams t WHERE t.id = a.team_id)
          AND NOT EXISTS (SELECT FROM nofx.team_activity b
                          WHERE b.team_id = a.team_id AND b.id > a.id AND b.action = 'team.deleted');
END
$$;

-- What a member may do: the role's permissions, or exactly the override where there is one.
CREATE OR REPLACE FUNCTION nofx.permissions(p_role text, p_override text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(p_override, CASE p_role
        WHEN 'owner'  THEN '{read,write,delete,admin}'::text[]
        WHEN 'admin'  THEN '{read,write,delete}'::text[]
        WHEN 'member' THEN '{read,write}'::text[]
        WHEN 'viewer' THEN '{read}'::text[]
        ELSE '{}'::text[]
    END)
$$;

CREATE OR REPLACE FUNCTION nofx.role_rank(p_role text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_role WHEN 'owner' THEN 4 WHEN 'admin' THEN 3 WHEN 'member' THEN 2 WHEN 'viewer' THEN 1 ELSE 0 END
$$;

-- Whether a member may invite, change and remove members: owners and admins may, unless an override decides.
CREATE OR REPLACE FUNCTION nofx.can_manage(p_role text, p_override text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_override IS NULL THEN p_role IN ('owner', 'admin') ELSE 'admin' = ANY (p_override) END
$$;

-- Whether a member has everything that a role with an override gives: at least its rank, and each of its permissions.
CREATE OR REPLACE FUNCTION nofx.covers(p_role text, p_override text[], p_other_role text, p_other_override text[])
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nofx.role_rank(p_other_role) <= nofx.role_rank(p_role)
       AND nofx.permissions(p_other_role, p_other_override) <@ nofx.permissions(p_role, p_override)
$$;

-- Whether a member may give another user a role with an override: by an invite, or by changing a member.
CREATE OR REPLACE FUNCTION nofx.may_grant(p_role text, p_override text[], p_new_role text, p_new_override text[])
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nofx.can_manage(p_role, p_override) AND nofx.covers(p_role, p_override, p_new_role, p_new_override)
$$;

-- Whether a member may change or remove another one, who must have a lower role. A member who can manage the team is
-- changed and removed only by members who have all of that member's permissions.
CREATE OR REPLACE FUNCTION nofx.may_act_on(p_role text, p_override text[], p_other_role text, p_other_override text[])
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nofx.can_manage(p_role, p_override) AND nofx.role_rank(p_other_role) < nofx.role_rank(p_role)
       AND (NOT nofx.can_manage(p_other_role, p_other_override)
            OR nofx.covers(p_role, p_override, p_other_role, p_other_override))
$$;

-- The caller's membership in a team that is not deleted. The rows stay locked until the transaction ends.
CREATE OR REPLACE FUNCTION nofx.my_membership(
    p_team uuid, OUT role text, OUT permissions text[], OUT manages boolean, OUT team_name text
)
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.role, nofx.permissions(m.role, m.permissions), nofx.can_manage(m.role, m.permissions), t.name
    FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
    WHERE t.id = p_team AND t.deleted_at IS NULL AND m.user_id = nofx.me()
    FOR SHARE
$$;
