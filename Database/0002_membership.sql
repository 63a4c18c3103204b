-- min-compatible: 1

-- Managing members -------------------------------------------------------------------------------

CREATE FUNCTION nofx.role_rank(p_role text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_role WHEN 'owner' THEN 4 WHEN 'admin' THEN 3 WHEN 'member' THEN 2 WHEN 'viewer' THEN 1 ELSE 0 END
$$;

-- Who may invite, change and remove members: owners and admins, unless an override says otherwise.
CREATE FUNCTION nofx.can_manage(p_role text, p_override text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_override IS NULL THEN p_role IN ('owner', 'admin') ELSE 'admin' = ANY (p_override) END
$$;

CREATE INDEX team_members_page ON nofx.team_members (team_id, joined_at, id);

-- Invites ----------------------------------------------------------------------------------------

-- A token is made each time that it is told to somebody, in an answer or in a mail, and only its SHA-256 is kept: a
-- mail that is sent again brings a new one, and the ones before stay good.
CREATE TABLE nofx.team_invite_tokens (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    invite_id  uuid NOT NULL REFERENCES nofx.team_invites (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX team_invite_tokens_invite ON nofx.team_invite_tokens (invite_id);
INSERT INTO nofx.team_invite_tokens (token_hash, invite_id) SELECT token_hash, id FROM nofx.team_invites;
ALTER TABLE nofx.team_invites DROP COLUMN token_hash;

CREATE INDEX team_invites_inviter ON nofx.team_invites (team_id, invited_by) WHERE status = 'pending';

-- The one statement in which somebody who is no member yet deals with a team. The team's row is locked before members
-- are counted, and what is true of the invite is looked at again after the wait.
CREATE FUNCTION nofx.accept_invite(
    p_token_hash  bytea,
    p_user        uuid,
    p_email       text,
    p_max_members integer
) RETURNS TABLE (
    outcome text, team_id uuid, team_name text, invite_id uuid, member_id uuid, role text, was_member boolean
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_invite nofx.team_invites;
    v_member nofx.team_members;
BEGIN
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
    SELECT m.* INTO v_member FROM nofx.team_members m WHERE m.team_id = v_invite.team_id AND m.user_id = p_user;
    invite_id := v_invite.id;
    was_member := v_member.id IS NOT NULL;
    outcome := CASE
        WHEN v_invite.email_normalized IS DISTINCT FROM p_email THEN 'email_mismatch'
        WHEN v_invite.status = 'accepted' AND v_invite.accepted_by = p_user AND v_member.id IS NOT NULL THEN 'repeated'
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
        UPDATE nofx.team_invites i SET status = 'accepted', decided_at = now(), accepted_by = p_user
        WHERE i.id = v_invite.id;
        -- Whoever is a member already keeps the role that they have.
        IF v_member.id IS NULL THEN
            INSERT INTO nofx.team_members AS m (team_id, user_id, role) VALUES (v_invite.team_id, p_user, v_invite.role)
            RETURNING m.* INTO v_member;
        END IF;
    END IF;
    member_id := v_member.id;
    role := v_member.role;
    RETURN NEXT;
END
$$;

-- Outbox -----------------------------------------------------------------------------------------

-- What is to be told to the world because of a transaction, written in that transaction and delivered at least once.
-- A row that is being delivered is due again later: if its deliverer dies, another one takes it then.
CREATE TABLE nofx.outbox (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    topic      text NOT NULL CHECK (topic IN ('invite')),
    subject_id uuid NOT NULL,
    status     text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dropped', 'dead')),
    attempts   integer NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL DEFAULT now(),
    last_error text CHECK (char_length(last_error) <= 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CHECK ((status = 'pending') = (settled_at IS NULL))
);
CREATE INDEX outbox_due ON nofx.outbox (due_at) WHERE status = 'pending';
CREATE INDEX outbox_settled ON nofx.outbox (settled_at) WHERE status <> 'pending';
CREATE INDEX outbox_subject ON nofx.outbox (subject_id);
