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
-- is locked before members are counted, and the invite is read again after that wait. p_email is the caller's verified
-- address.
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
        WHEN v_invite.email_normalized IS DISTINCT FROM p_email THEN 'email_mismatch'
        WHEN v_invite.status = 'accepted' AND v_invite.accepted_by = v_user AND v_member.id IS NOT NULL THEN 'repeated'
        WHEN v_invite.status = 'accepted' THEN 'used'
        WHEN v_invite.status = 'cancelled' THEN 'cancelled'
        WHEN v_invite.status = 'expired' OR v_invite.expires_at <= now() THEN 'expired'
        WHEN NOT EXISTS (SELECT FROM nofx.team_members b WHERE b.team_id = v_invite.team_id
                         AND b.user_id = v_invite.invited_by AND nofx.can_manage(b.role, b.permissions)
                         AND nofx.role_rank(v_invite.role) <= nofx.role_rank(b.role))
            THEN 'inviter_revoked'
        WHEN v_member.id IS NULL AND p_max_members <=
             (SELECT count(*) FROM nofx.team_members c WHERE c.team_id = v_invite.team_id) THEN 'full'
        ELSE 'accepted'
    END;
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
