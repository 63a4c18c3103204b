-- revision: 1

-- Row-level security and triggers, which call functions. migrate applies this file after the functions, when it has
-- changed.
--
-- A second barrier behind the conditions of the statements: a role that owns nothing sees the rows of the caller's
-- teams and no others. nofx.enter names the caller for the rest of the transaction.

-- All tables are locked first, or none: a migration that held some of them and waited for others would deadlock with
-- callers. Callers wait for 200 ms at most before the next attempt.
DO $$
DECLARE
    v_patience text := current_setting('lock_timeout');
    v_tables   text := (SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid) FROM pg_class c
                        WHERE c.relnamespace = 'nofx'::regnamespace AND c.relkind = 'r' AND c.relrowsecurity);
    v_policy   record;
BEGIN
    PERFORM set_config('lock_timeout', '200ms', true);
    LOOP
        BEGIN
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', v_tables);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.05);
        END;
    END LOOP;
    PERFORM set_config('lock_timeout', v_patience, true);

    -- Policies for one role are those of Database/grants.sql.
    FOR v_policy IN
        SELECT p.polname, p.polrelid::regclass AS place FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
        WHERE c.relnamespace = 'nofx'::regnamespace AND p.polroles = '{0}'
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', v_policy.polname, v_policy.place);
    END LOOP;
END
$$;

-- Policies ---------------------------------------------------------------------------------------

CREATE POLICY users_seen ON nofx.users FOR SELECT
    USING (id = nofx.me() OR id IN (SELECT nofx.my_teammate_ids()));
-- A row can be locked, and no change passes the check.
CREATE POLICY users_locked ON nofx.users FOR UPDATE USING (id = nofx.me()) WITH CHECK (false);
-- The owner is named, because the statement that creates a team also returns it.
CREATE POLICY teams_seen ON nofx.teams FOR SELECT
    USING (owner_id = nofx.me() OR id IN (SELECT nofx.my_team_ids()));
CREATE POLICY teams_made ON nofx.teams FOR INSERT WITH CHECK (owner_id = nofx.me());
CREATE POLICY teams_changed ON nofx.teams FOR UPDATE USING (id IN (SELECT nofx.my_team_ids())) WITH CHECK (true);
-- No one can add members: there is one owner at most, and nofx.accept_invite adds all others.
CREATE POLICY team_members_seen ON nofx.team_members FOR SELECT
    USING (user_id = nofx.me() OR team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY team_members_made ON nofx.team_members FOR INSERT
    WITH CHECK (user_id = nofx.me() AND role = 'owner');
CREATE POLICY team_members_changed ON nofx.team_members FOR UPDATE
    USING (user_id = nofx.me() OR team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY team_members_removed ON nofx.team_members FOR DELETE
    USING (user_id = nofx.me() OR team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY team_invites_of_mine ON nofx.team_invites USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY team_invite_tokens_made ON nofx.team_invite_tokens FOR INSERT
    WITH CHECK (NOT nofx.is_invite_of_others(invite_id));
CREATE POLICY team_activity_of_mine ON nofx.team_activity FOR SELECT
    USING (team_id IN (SELECT nofx.my_team_ids()) OR team_id IN (SELECT nofx.my_purged_team_ids()));
CREATE POLICY security_events_of_mine ON nofx.security_events FOR SELECT
    USING (team_id IN (SELECT t::text FROM nofx.my_team_ids() AS t));
CREATE POLICY api_keys_seen ON nofx.api_keys FOR SELECT USING (user_id = nofx.me());
CREATE POLICY api_keys_made ON nofx.api_keys FOR INSERT
    WITH CHECK (user_id = nofx.me() AND (team_id IS NULL OR team_id IN (SELECT nofx.my_team_ids()))
                AND ('admin:ops' <> ALL (scopes) OR nofx.may_operate()));
CREATE POLICY api_keys_changed ON nofx.api_keys FOR UPDATE USING (user_id = nofx.me());
CREATE POLICY idempotency_keys_of_mine ON nofx.idempotency_keys USING (user_id = nofx.me());
CREATE POLICY operator_actions_made ON nofx.operator_actions FOR INSERT
    WITH CHECK (user_id = nofx.me() AND nofx.may_operate());
CREATE POLICY ai_usage_daily_of_mine ON nofx.ai_usage_daily FOR SELECT
    USING (team_id IN (SELECT nofx.my_team_ids()));
-- Steps only: mail and messages to webhooks are for deliverers.
CREATE POLICY queue_of_mine ON nofx.queue FOR SELECT
    USING (run_id IS NOT NULL AND tenant_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY runs_of_mine ON nofx.runs FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY steps_of_mine ON nofx.steps FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY gates_of_mine ON nofx.gates FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY events_of_mine ON nofx.events FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY artifacts_of_mine ON nofx.artifacts FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY tool_policies_of_mine ON nofx.tool_policies FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY webhooks_seen ON nofx.webhooks FOR SELECT USING (team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY webhooks_made ON nofx.webhooks FOR INSERT
    WITH CHECK (created_by = nofx.me() AND team_id IN (SELECT nofx.my_team_ids()));
CREATE POLICY webhooks_removed ON nofx.webhooks FOR DELETE USING (team_id IN (SELECT nofx.my_team_ids()));

-- Triggers ---------------------------------------------------------------------------------------

-- Trails are append-only; purge may delete what is 30 days old.
CREATE OR REPLACE TRIGGER team_activity_append_only BEFORE UPDATE OR TRUNCATE ON nofx.team_activity
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.reject_write();
CREATE OR REPLACE TRIGGER team_activity_kept BEFORE DELETE ON nofx.team_activity FOR EACH ROW
    WHEN (OLD.created_at > now() - interval '30 days') EXECUTE FUNCTION nofx.reject_write();
CREATE OR REPLACE TRIGGER team_members_departed BEFORE DELETE ON nofx.team_members
    FOR EACH ROW EXECUTE FUNCTION nofx.remember_departure();
CREATE OR REPLACE TRIGGER team_members_removed AFTER DELETE ON nofx.team_members
    FOR EACH ROW EXECUTE FUNCTION nofx.remember_removal();
CREATE OR REPLACE TRIGGER operator_actions_append_only BEFORE UPDATE OR TRUNCATE ON nofx.operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.reject_write();
CREATE OR REPLACE TRIGGER operator_actions_kept BEFORE DELETE ON nofx.operator_actions FOR EACH ROW
    WHEN (OLD.created_at > now() - interval '30 days') EXECUTE FUNCTION nofx.reject_write();
-- A revoked key stays revoked.
CREATE OR REPLACE TRIGGER api_keys_revoked BEFORE UPDATE OF revoked_at ON nofx.api_keys FOR EACH ROW
    WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
    EXECUTE FUNCTION nofx.reject_write();
CREATE OR REPLACE TRIGGER runs_contents AFTER DELETE ON nofx.runs REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.delete_run_contents();
CREATE OR REPLACE TRIGGER teams_runs AFTER UPDATE OF deleted_at ON nofx.teams FOR EACH ROW
    WHEN ((NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL)) EXECUTE FUNCTION nofx.end_runs_of_deleted_team();
CREATE OR REPLACE TRIGGER webhooks_drop_messages AFTER DELETE ON nofx.webhooks
    FOR EACH ROW EXECUTE FUNCTION nofx.drop_messages();
CREATE OR REPLACE TRIGGER team_invites_mail AFTER INSERT ON nofx.team_invites REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.queue_mail();
CREATE OR REPLACE TRIGGER events_messages AFTER INSERT ON nofx.events REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION nofx.queue_messages();
