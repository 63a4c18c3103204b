-- revision: 1

-- The addresses of users.

-- Serializes the transactions that give an address to a user. They take this lock before they lock rows.
CREATE OR REPLACE FUNCTION nofx.lock_email(p_email_normalized text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('nofx.users/' || p_email_normalized, 0))
    WHERE p_email_normalized IS NOT NULL
$$;

-- Stores the verified address of a user's token, and takes it from the user who had it before. The newest token
-- decides: an older token of the same user changes nothing, and an address stays with a user whose token is newer.
--
-- `outcome` is `changed`; `taken`, if another user with a newer token has the address; or NULL, if the address was
-- stored already. `former_holder` is the user who lost the address. The activity of the teams of both users has an
-- entry. Where the old address was the billing address of a team that the user owns, the new one replaces it.
CREATE OR REPLACE FUNCTION nofx.adopt_email(
    p_user uuid, p_email text, p_email_normalized text, p_issued_at timestamptz,
    OUT outcome text, OUT former_holder uuid
)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_newer uuid;
    v_old   text;
BEGIN
    -- Asked once without locks, so that a call that only reads and changes no address writes nothing.
    FOR v_attempt IN 1..2 LOOP
        SELECT u.id INTO v_newer FROM nofx.users u
        WHERE (u.id = p_user OR u.email_normalized = p_email_normalized) AND u.email_verified_at > p_issued_at
        ORDER BY u.id = p_user DESC LIMIT 1;
        IF FOUND THEN
            outcome := CASE WHEN v_newer <> p_user THEN 'taken' END;
            RETURN;
        END IF;
        IF v_attempt = 1 THEN
            PERFORM nofx.lock_email(p_email_normalized);
            PERFORM FROM nofx.users u WHERE u.id = p_user OR u.email_normalized = p_email_normalized
            ORDER BY u.id FOR UPDATE;
        END IF;
    END LOOP;

    UPDATE nofx.users u SET email = NULL, email_normalized = NULL, email_verified_at = NULL
    WHERE u.email_normalized = p_email_normalized AND u.id <> p_user
    RETURNING u.id INTO former_holder;
    IF FOUND THEN
        INSERT INTO nofx.former_emails VALUES (former_holder, p_email_normalized) ON CONFLICT DO NOTHING;
        PERFORM nofx.note_email(former_holder, 'member.email_removed');
    END IF;
    SELECT u.email_normalized INTO v_old FROM nofx.users u WHERE u.id = p_user;
    UPDATE nofx.users u SET email = p_email, email_normalized = p_email_normalized, email_verified_at = p_issued_at
    WHERE u.id = p_user;
    IF v_old IS NOT DISTINCT FROM p_email_normalized THEN RETURN; END IF;

    outcome := 'changed';
    INSERT INTO nofx.former_emails SELECT p_user, v_old WHERE v_old IS NOT NULL ON CONFLICT DO NOTHING;
    UPDATE nofx.teams t SET billing_email = p_email, version = t.version + 1, updated_at = greatest(t.updated_at, clock_timestamp())
    WHERE t.owner_id = p_user AND t.deleted_at IS NULL AND lower(t.billing_email) <> p_email_normalized
      AND lower(t.billing_email) IN (SELECT f.email_normalized FROM nofx.former_emails f WHERE f.user_id = p_user);
    PERFORM nofx.note_email(p_user, 'member.email_changed');
END
$$;

-- Adds an entry about a user's address to the activity of all the user's teams.
CREATE OR REPLACE FUNCTION nofx.note_email(p_user uuid, p_action text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT nofx.add_activity(t.id, t.name, CASE p_action WHEN 'member.email_changed' THEN p_user END, p_action,
                             'member', m.id::text, jsonb_build_object('userId', p_user), NULL)
    FROM nofx.team_members m JOIN nofx.teams t ON t.id = m.team_id AND t.deleted_at IS NULL
    WHERE m.user_id = p_user
$$;

-- Whether an address is known to be a user's: the present one, or an earlier one that no other user has now. Only for
-- users who share a team with the caller.
CREATE OR REPLACE FUNCTION nofx.is_email_of(p_user uuid, p_email_normalized text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN p_user IN (SELECT nofx.my_teammate_ids()) AND coalesce(
        (SELECT u.id = p_user FROM nofx.users u WHERE u.email_normalized = p_email_normalized),
        EXISTS (SELECT FROM nofx.former_emails f
                WHERE f.user_id = p_user AND f.email_normalized = p_email_normalized));
END
$$;
