-- revision: 1

-- Creates a role that can log in and has no other right; an operator of the database gives it a password.
CREATE OR REPLACE FUNCTION nofx.create_role(p_role name) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION',
                   p_role);
END
$$;

-- Gives a role exactly the rights that nofx.database_grants lists for a kind, and records it for later migrations.
CREATE OR REPLACE FUNCTION nofx.grant_rights(p_role name, p_kind text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_grant nofx.database_grants;
BEGIN
    INSERT INTO nofx.database_roles AS r (name, kind) VALUES (p_role, p_kind)
    ON CONFLICT (name) DO UPDATE SET kind = excluded.kind WHERE r.kind <> excluded.kind;
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA nofx FROM %1$I; '
                   'REVOKE ALL ON ALL SEQUENCES IN SCHEMA nofx FROM %1$I; '
                   'REVOKE ALL ON ALL FUNCTIONS IN SCHEMA nofx FROM %1$I; '
                   'REVOKE ALL ON SCHEMA nofx FROM %1$I', p_role);
    FOR v_grant IN SELECT g.* FROM nofx.database_grants g WHERE g.kind = p_kind AND g.rights <> 'ALL ROWS' LOOP
        EXECUTE format('GRANT %s ON %s TO %I', v_grant.rights, v_grant.object, p_role);
    END LOOP;
    PERFORM nofx.show_all_rows(p_role, ARRAY(
        SELECT substr(g.object, length('TABLE ') + 1)::regclass FROM nofx.database_grants g
        WHERE g.kind = p_kind AND g.rights = 'ALL ROWS'));
END
$$;

-- Lets a role see past row-level security in these tables and in no others. A policy that is there already stays, so
-- that a migration without a change of policies takes no lock that callers would wait for.
CREATE OR REPLACE FUNCTION nofx.show_all_rows(p_role name, p_tables regclass[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_policy name := 'operator_' || md5(p_role);
    v_table  regclass;
BEGIN
    FOR v_table IN SELECT p.polrelid FROM pg_policy p WHERE p.polname = v_policy AND p.polrelid <> ALL (p_tables) LOOP
        EXECUTE format('DROP POLICY %I ON %s', v_policy, v_table);
    END LOOP;
    FOR v_table IN
        SELECT t FROM unnest(p_tables) AS t
        WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polname = v_policy AND p.polrelid = t)
    LOOP
        EXECUTE format('CREATE POLICY %I ON %s TO %I USING (true)', v_policy, v_table, p_role);
    END LOOP;
END
$$;

-- Gives every recorded role the rights of its kind. No function is everybody's. A role that was dropped is forgotten.
CREATE OR REPLACE FUNCTION nofx.grant_all_rights() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA nofx FROM PUBLIC;
    DELETE FROM nofx.database_roles r WHERE NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = r.name);
    PERFORM nofx.grant_rights(r.name, r.kind) FROM nofx.database_roles r;
END
$$;
