-- revision: 1

-- A slug for a name: lower-case ASCII letters, digits and hyphens, at most 48.
CREATE OR REPLACE FUNCTION nofx.slugify(p_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(btrim(left(btrim(regexp_replace(
        translate(replace(replace(replace(replace(replace(
            lower(regexp_replace(normalize(p_name, NFKD), '[\u0300-\u036F]', '', 'g')),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ĳ', 'ij'), 'øłđðı', 'olddi'),
        '[^a-z0-9]+', '-', 'g'), '-'), 48), '-'), ''), 'team')
$$;

-- Whether a new team can have the slug without a suffix. Teams that the caller cannot see count as well.
CREATE OR REPLACE FUNCTION nofx.is_slug_free(p_slug text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_slug <> ALL ('{about,account,admin,api,app,auth,billing,blog,dashboard,docs,health,help,invite,invites,
                            login,logout,metrics,new,nofx,"null",root,security,settings,signup,static,status,support,
                            system,team,teams,undefined,user,users,www}'::text[])
       AND NOT EXISTS (SELECT FROM nofx.teams WHERE slug = p_slug AND deleted_at IS NULL)
$$;

-- Whether an invite belongs to a team of which the caller is no member. An invite that the same statement creates is
-- not visible yet, and so not another team's.
CREATE OR REPLACE FUNCTION nofx.is_invite_of_others(p_invite uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM nofx.team_invites i WHERE i.id = p_invite
                   AND NOT EXISTS (SELECT FROM nofx.team_members m
                                   WHERE m.team_id = i.team_id AND m.user_id = nofx.me()));
END
$$;

-- Adds the caller to a team by an invite: the one way in which a user who is no member changes a team. The team's row
-- is locked before members are counted, and the invite is read again after that wait. p_email is the verified address
-- of the caller's token. An invite that is older than the caller's removal from the team is cancelled.
CREATE OR REPLACE FUNCTION nofx.accept_invite(
    p_token_hash  bytea,
    p_email       text,
    p_max_members integer
) RETURNS TABLE (
    outcome text, team_id uuid, team_name text, invite_id uuid, member_id uuid, role text, was_member boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_user   uuid := nofx.me();
    v_invite nofx.team_invites;
    v_member nofx.team_members;
BEGIN
    IF v_user IS NULL THEN
        RAISE EXCEPTION 'there is no caller' USING ERRCODE = '42501';
    END IF;
    SELECT i.* INTO v_invite
    FROM nofx.team_invite_tokens k JOIN nofx.team_invites i ON i.id = k.invite_id WHERE k.token_hash = p_token_hash;
    SELECT t.id, t.name INTO team_id, team_name
    FROM nofx.teams t WHERE t.id = v_invite.team_id AND t.deleted_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'not_found';
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT i.* INTO v_invite FROM nofx.team_invites i WHERE i.id = v_invite.id FOR UPDATE;
    SELECT m.* INTO v_member FROM nofx.team_members m WHERE m.team_id = v_invite.team_id AND m.user_id = v_user;
    invite_id := v_invite.id;
    was_member := v_member.id IS NOT NULL;
    outcome := CASE
        WHEN v_invite.email_normalized IS DISTINCT FROM p_email
             OR EXISTS (SELECT FROM nofx.users u WHERE u.email_normalized = p_email AND u.id <> v_user)
            THEN 'email_mismatch'
        WHEN v_invite.status = 'accepted' AND v_invite.accepted_by = v_user AND v_member.id IS NOT NULL THEN 'repeated'
        WHEN v_invite.status = 'accepted' THEN 'used'
        WHEN v_invite.status = 'cancelled' THEN 'cancelled'
        WHEN v_invite.status = 'expired' OR v_invite.expires_at <= now() THEN 'expired'
        WHEN EXISTS (SELECT FROM nofx.team_removals r WHERE r.team_id = v_invite.team_id AND r.user_id = v_user
                     AND r.removed_at >= v_invite.created_at)
            THEN 'cancelled'
        WHEN NOT EXISTS (SELECT FROM nofx.team_members b JOIN nofx.users u ON u.id = b.user_id
                         WHERE b.team_id = v_invite.team_id AND b.user_id = v_invite.invited_by
                           AND u.disabled_at IS NULL
                           AND nofx.may_grant(b.role, b.permissions, v_invite.role, NULL))
            THEN 'inviter_revoked'
        WHEN v_member.id IS NULL AND p_max_members <=
             (SELECT count(*) FROM nofx.team_members c WHERE c.team_id = v_invite.team_id) THEN 'full'
        ELSE 'accepted'
    END;
    IF outcome = 'cancelled' AND v_invite.status = 'pending' THEN
        UPDATE nofx.team_invites i SET status = 'cancelled', decided_at = clock_timestamp() WHERE i.id = v_invite.id;
    END IF;
    IF outcome = 'accepted' THEN
        UPDATE nofx.team_invites i SET status = 'accepted', decided_at = clock_timestamp(), accepted_by = v_user
        WHERE i.id = v_invite.id;
        -- A user who is a member already keeps the role.
        IF v_member.id IS NULL THEN
            INSERT INTO nofx.team_members AS m (team_id, user_id, role) VALUES (v_invite.team_id, v_user, v_invite.role)
            RETURNING m.* INTO v_member;
        END IF;
    END IF;
    member_id := v_member.id;
    role := v_member.role;
    RETURN NEXT;
END
$$;

-- Records that another member removed a user from a team.
CREATE OR REPLACE FUNCTION nofx.remember_removal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM nofx.require_table(TG_RELID, 'nofx.team_members');
    IF OLD.user_id <> nofx.me() THEN
        INSERT INTO nofx.team_removals AS r VALUES (OLD.team_id, OLD.user_id, clock_timestamp())
        ON CONFLICT (team_id, user_id) DO UPDATE SET removed_at = excluded.removed_at;
    END IF;
    RETURN NULL;
END
$$;

-- Makes another member the owner of a team; the owner becomes an admin. The owner may do this, and for a team whose
-- owner is disabled also a caller who proved to operate the product, who need not be a member.
--
-- `outcome` is `ok`, `no_member`, `not_owner`, `no_heir`, `already_owner`, `heir_disabled`, or `full`, if the heir owns
-- p_max_teams teams already. `role` and `permissions` are the caller's, after the change if there was one.
CREATE OR REPLACE FUNCTION nofx.transfer_ownership(
    p_team uuid, p_member uuid, p_max_teams integer, p_origin jsonb,
    OUT outcome text, OUT role text, OUT permissions text[], OUT team nofx.teams, OUT old_owner uuid, OUT heir uuid,
    OUT activity bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_me       uuid := nofx.me();
    v_operates boolean := v_me IS NOT NULL
        AND coalesce(nullif(current_setting('nofx.operates', true), '')::boolean, false);
    v_heir     record;
BEGIN
    SELECT m.role INTO role FROM nofx.team_members m WHERE m.team_id = p_team AND m.user_id = v_me;
    IF role IS NULL AND NOT v_operates THEN
        outcome := 'no_member';
        RETURN;
    END IF;
    -- The heir's row comes before the team's, as in createTeam and restoreTeam, so that the heir's teams are counted
    -- exactly.
    PERFORM FROM nofx.team_members m JOIN nofx.users u ON u.id = m.user_id
    WHERE m.team_id = p_team AND m.id = p_member FOR NO KEY UPDATE OF u;
    SELECT t.* INTO team FROM nofx.teams t WHERE t.id = p_team AND t.deleted_at IS NULL FOR NO KEY UPDATE;
    SELECT m.role INTO role FROM nofx.team_members m WHERE m.team_id = team.id AND m.user_id = v_me;
    SELECT m.id, m.user_id, u.disabled_at,
           (SELECT count(*) FROM nofx.teams o WHERE o.owner_id = m.user_id AND o.deleted_at IS NULL) AS teams
    INTO v_heir
    FROM nofx.team_members m JOIN nofx.users u ON u.id = m.user_id WHERE m.team_id = team.id AND m.id = p_member;
    old_owner := team.owner_id;
    outcome := CASE
        WHEN role IS DISTINCT FROM 'owner' AND NOT (v_operates AND EXISTS (
            SELECT FROM nofx.users u WHERE u.id = old_owner AND u.disabled_at IS NOT NULL
        )) THEN CASE WHEN role IS NULL THEN 'no_member' ELSE 'not_owner' END
        WHEN v_heir.id IS NULL THEN 'no_heir'
        WHEN v_heir.user_id = old_owner THEN 'already_owner'
        WHEN v_heir.disabled_at IS NOT NULL THEN 'heir_disabled'
        WHEN v_heir.teams >= p_max_teams THEN 'full'
        ELSE 'ok'
    END;
    IF outcome <> 'ok' THEN RETURN; END IF;

    heir := v_heir.user_id;
    UPDATE nofx.team_members m SET role = 'admin', updated_at = clock_timestamp()
    WHERE m.team_id = p_team AND m.user_id = old_owner;
    UPDATE nofx.team_members m SET role = 'owner', permissions = NULL, updated_at = clock_timestamp()
    WHERE m.team_id = p_team AND m.user_id = heir;
    UPDATE nofx.teams t SET owner_id = heir, version = t.version + 1, updated_at = clock_timestamp()
    WHERE t.id = p_team RETURNING t.* INTO team;
    activity := nofx.add_activity(p_team, team.name, v_me, 'ownership.transferred', 'team', p_team::text,
                                  jsonb_build_object('oldOwnerId', old_owner, 'userId', heir), p_origin);
    IF v_me <> old_owner THEN
        INSERT INTO nofx.operator_actions (user_id, action, subject, before, after,
                                           credential, request_id, ip, user_agent)
        VALUES (v_me, 'ownership.transfer', p_team::text, jsonb_build_object('ownerId', old_owner),
                jsonb_build_object('ownerId', heir), p_origin ->> 'credential', p_origin ->> 'requestId',
                p_origin ->> 'ip', p_origin ->> 'userAgent');
    END IF;
    SELECT m.role, nofx.permissions(m.role, m.permissions) INTO role, permissions
    FROM nofx.team_members m WHERE m.team_id = p_team AND m.user_id = v_me;
END
$$;
