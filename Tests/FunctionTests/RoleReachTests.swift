import Base
import Core
import Postgres
import System
import TestSupport
import Testing

@testable import Teams

/// What both roles reach with hand-written SQL, against the list in `Database/reach.txt`: for each table and right,
/// whether rows of another team can be read, added, changed and deleted; for each function of operators' programs,
/// whether it changes them.
///
/// `NOFX_UPDATE_PRIVILEGES=1 scripts/test --filter RoleReachTests` writes the list anew.
@Suite struct RoleReachTests {
    @Test func `what both roles reach is in the committed list, and nothing else`() throws {
        let database = try TestDatabase()
        let (ada, bob) = (try database.world("ada"), try database.world("bob"))
        try database.prepareProbe(by: ada, into: bob)
        var lines: [String] = try database.value(
            """
            SELECT array_agg(line ORDER BY line) FROM (
                SELECT format('%s table %s: %s', r.kind, t, string_agg(p.name || ' ' || reached, ', ' ORDER BY p.place))
                FROM (VALUES ('app', 'nofx_test_app'), ('operator', 'nofx_test_operator')) AS r (kind, name),
                     unnest(\(try database.tables)) AS t,
                     unnest('{select,insert,update,delete}'::text[]) WITH ORDINALITY AS p (name, place),
                     public.reach(r.name, t, p.name) AS reached
                WHERE reached IS NOT NULL GROUP BY r.kind, t
            ) l (line)
            """
        )
        for (function, call) in try database.operatorCalls(on: bob).sorted(by: { $0.key < $1.key }) {
            let effect: String = try database.value("SELECT public.attempt('nofx_test_operator', NULL, \(call))")
            lines.append("operator function \(function): \(effect)")
        }
        lines =
            [
                "# What each role reaches with hand-written SQL, in a world of two teams without work that is due or past its",
                "# time: own rows (of the caller's teams), rows of every team, shared rows (of no team), or nothing.",
            ] + lines
        let isUpdate = Environment.current()["NOFX_UPDATE_PRIVILEGES"] == "1"
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let script = isUpdate ? #"printf '%s\n' "$2" >"$1""# : #"printf '%s\n' "$2" | diff -U 0 "$1" -"#
        let difference = try Subprocess(
            "bash",
            ["-c", script, "reach", "\(package)/Database/reach.txt", lines.joined(separator: "\n")],
            environment: ["PATH": "/usr/bin:/bin"]
        ).finish().output
        #expect(difference.isEmpty, "Database/reach.txt is not up to date:\n\(difference)")
    }

    @Test func `each function of operators' programs is tried`() throws {
        let database = try TestDatabase()
        let granted: [String] = try database.value(
            """
            SELECT array_agg(p.proname::text) FROM pg_proc p
            WHERE p.pronamespace = 'nofx'::regnamespace
              AND has_function_privilege('nofx_test_operator', p.oid, 'EXECUTE')
            """
        )
        #expect(Set(granted) == Set(try database.operatorCalls(on: try database.world("bob")).keys))
    }

    @Test func `no role borrows a trigger function for a table of its own`() throws {
        let database = try TestDatabase()
        let bob = try database.world("bob")
        let functions: [String] = try database.value(
            """
            SELECT array_agg(p.oid::regprocedure::text) FROM pg_proc p
            WHERE p.pronamespace = 'nofx'::regnamespace AND p.prorettype = 'trigger'::regtype
            """
        )
        #expect(functions.count >= 6)
        let before = try database.everything()
        for function in functions {
            let borrow = """
                CREATE TEMP TABLE borrowed (id uuid, team_id uuid, user_id uuid, run_id uuid, seq integer, type text,
                                            step_no smallint, data json, at timestamptz, status text,
                                            deleted_at timestamptz);
                CREATE TRIGGER t AFTER DELETE ON borrowed REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
                EXECUTE FUNCTION \(function);
                INSERT INTO borrowed (id, team_id) VALUES ('\(bob.run)', '\(bob.team.id)');
                DELETE FROM borrowed;
                """
            for url in [database.url, database.operatorURL] {
                var connection = try Connection(ConnectionString(url), deadline: .test, log: .silent)
                let error = #expect(throws: PostgresError.self, "\(function)") {
                    try connection.transaction(deadline: .test) { try $0.runScript(borrow) }
                }
                #expect(error?.state == .insufficientPrivilege, "\(function)")
            }
            // Even the schema's owner fires it for its own table only.
            var connection = try database.connect()
            let error = #expect(throws: PostgresError.self, "\(function)") {
                try connection.transaction(deadline: .test) { try $0.runScript(borrow) }
            }
            #expect(error?.state == .insufficientPrivilege, "\(function)")
        }
        #expect(try database.everything() == before)
    }

    @Test func `a revoked key stays revoked, and only old records leave a trail`() throws {
        let database = try TestDatabase()
        let ada = try database.world("ada")
        try database.rows("UPDATE nofx.api_keys SET revoked_at = now() WHERE id = \(ada.key)")
        let attempts: [Query] = [
            "UPDATE nofx.api_keys SET revoked_at = NULL WHERE id = \(ada.key)",
            "UPDATE nofx.api_keys SET revoked_at = now() + interval '1 day' WHERE id = \(ada.key)",
            "DELETE FROM nofx.team_activity", "UPDATE nofx.team_activity SET action = 'forged'",
            "DELETE FROM nofx.operator_actions", "TRUNCATE nofx.operator_actions",
        ]
        for attempt in attempts {
            let error = #expect(throws: PostgresError.self, "\(attempt)") { try database.rows(attempt) }
            #expect(error?.state == .insufficientPrivilege, "\(attempt)")
            #expect(throws: PostgresError.self, "\(attempt)") { try database.asFunction(for: ada.owner, attempt) }
        }
    }
}

extension TestDatabase {
    /// A call of each function of the operators' role with the ids of a team that has nothing that is past its time.
    fileprivate func operatorCalls(on other: World) throws -> [String: String] {
        let team = "'\(other.team.id)'"
        let step: UUID = try value("SELECT nofx.step_job_id(\(other.run), 2)")
        let mail: UUID = try value("SELECT md5('mail/' || \(other.invite))::uuid")
        let webhook: UUID = try value("SELECT id FROM nofx.webhooks WHERE team_id = \(other.team.id)")
        let kinds =
            "idempotencyKeys,rateLimits,expiredInvites,decidedInvites,runs,runsOfTeams,deadJobs,teams,outbox,keys"
        let arguments = [
            "backlog": "'{http.request}', 60, '{}', 10", "begin_delivery": "",
            "check_version": "\(SchemaVersion.required)",
            "circuits_acquire": "'{openai}', '{}'",
            "circuits_record": """
            '[{"name":"openai","generation":0,"outcome":"success","hasFailures":false}]', false, NULL, '{}', NULL
            """,
            "claim_jobs": "'http.request', 10, '30 seconds', NULL, NULL, NULL", "drop_undeliverable_messages": "1000",
            "due_deliveries": "", "end_delivery": "'\(webhook)', true, 'x', '0', '0', true",
            "finish_jobs": "'{\(mail)}', '{0}', '{completed}', '{x}', '{0}', '{0}'",
            "finish_steps":
                "'{\(step)}', '{0}', '{succeeded}', '{NULL}', '{NULL}', '{0}', '{}', '{}', '{}', '{}', '{}'",
            "heartbeat_jobs": "'{\(step)}', '{0}', '30 seconds'", "is_tool_allowed": "'codegen', NULL, NULL, NULL",
            "expire_gates": "1000", "note_worker": "'{test.echo}', '{}', 60", "promote_jobs": "1000",
            "rescue_jobs": "1000, '{0}'", "rescue_steps": "1000", "stop_overdue_runs": "1000",
            "open_mail": "'\(mail)', 0, sha256('x')",
            "purge": "unnest('{\(kinds),attempts,reservations,usage,keySets}'::text[]), 1000",
            "purge_trail": "unnest('{activity,securityEvents,operatorActions}'::text[]), 30, 1000",
            "record_ai_attempt": """
            gen_random_uuid(), 1, \(team), 'openai', 'm', 'm', 'ok', 200, NULL, '{1,1,0,0,0,0}', 1, NULL, '1 s', NULL
            """,
            "read_artifacts": "'{0}', '{\(step)}', '{0}', '{a}', '{notes.txt}', '{t}', 0, 1000, 1000",
            "redrive_jobs": "'webhook', NULL, 1000, NULL", "release_ai_budget": team,
            "begin_ai_attempt": """
            gen_random_uuid(), 1, \(team), 'openai', 'm', 1, 1, 1, '1 minute', NULL, NULL, NULL
            """,
            "skip_delivery": "'\(webhook)'", "begin_steps": "'{\(step)}', '{0}'",
            "show_texts": "'{\(step)}', '{0}', '{x}'",
        ]
        return arguments.reduce(into: [:]) { $0[$1.key] = "SELECT nofx.\($1.key)(\($1.value))" }
    }

    /// Adds functions with which the superuser tries statements as another role and takes them back.
    ///
    /// `public.attempt` says whether a statement changes rows of the other world; `public.reach` tries a right in a
    /// table: NULL where the role does not have it.
    fileprivate func prepareProbe(by own: World, into other: World) throws {
        var connection = try connect()
        let marks =
            [other.team.id.description, other.owner.user.description, other.run.description, other.key]
            + [other.invite.description, other.member.user.description]
        try connection.transaction(deadline: .test) { transaction in
            try transaction.runScript(
                """
                CREATE FUNCTION public.foreign_rows(p_table text) RETURNS text LANGUAGE plpgsql AS $$
                DECLARE
                    v_rows  text;
                    v_all   text := '';
                    v_table text;
                BEGIN
                    FOR v_table IN SELECT relname FROM pg_class WHERE relnamespace = 'nofx'::regnamespace
                        AND relkind = 'r' AND (p_table IS NULL OR relname = p_table) ORDER BY relname
                    LOOP
                        EXECUTE format('SELECT string_agg(t.xmin || t::text, E''\\n'' ORDER BY t::text) FROM nofx.%I t
                                        WHERE t::text LIKE ANY (''{%s}'')', v_table,
                                       '\(marks.map { "%\($0)%" }.joined(separator: ","))') INTO v_rows;
                        v_all := v_all || coalesce(v_rows, '');
                    END LOOP;
                    RETURN v_all;
                END
                $$;
                CREATE FUNCTION public.attempt(p_role text, p_table text, p_sql text) RETURNS text
                LANGUAGE plpgsql AS $$
                DECLARE
                    v_before text := public.foreign_rows(p_table);
                BEGIN
                    PERFORM set_config('nofx.user_id', '\(own.owner.user)', true);
                    EXECUTE format('SET LOCAL ROLE %I', p_role);
                    EXECUTE p_sql;
                    RESET ROLE;
                    RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = CASE
                        WHEN v_before = '' THEN 'shared rows'
                        WHEN v_before <> public.foreign_rows(p_table) THEN 'rows of every team' ELSE 'own rows' END;
                EXCEPTION
                    WHEN SQLSTATE 'ZZ001' THEN RETURN SQLERRM;
                    WHEN insufficient_privilege THEN RETURN 'nothing';
                    WHEN integrity_constraint_violation THEN
                        RETURN CASE WHEN v_before = '' THEN 'shared rows' ELSE 'rows of every team' END;
                END
                $$;
                CREATE FUNCTION public.reach(p_role text, p_table text, p_right text) RETURNS text
                LANGUAGE plpgsql AS $$
                DECLARE
                    v_oid     oid := format('nofx.%I', p_table)::regclass;
                    v_columns text := (
                        SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                        WHERE attrelid = v_oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
                          AND (attidentity = '' OR p_right = 'select')
                          AND p_right <> 'delete' AND has_column_privilege(p_role, v_oid, attnum, p_right));
                    v_row     jsonb;
                    v_seen    boolean;
                BEGIN
                    IF p_right = 'delete' THEN
                        IF NOT has_table_privilege(p_role, v_oid, 'delete') THEN RETURN NULL; END IF;
                        RETURN public.attempt(p_role, p_table, format('DELETE FROM nofx.%I', p_table));
                    END IF;
                    IF v_columns IS NULL THEN RETURN NULL; END IF;
                    EXECUTE format('SELECT to_jsonb(t) FROM nofx.%I t WHERE t::text LIKE ANY (''{%s}'') LIMIT 1', p_table,
                                   '\(marks.map { "%\($0)%" }.joined(separator: ","))') INTO v_row;
                    CASE p_right
                    WHEN 'insert' THEN
                        RETURN public.attempt(p_role, p_table, format(
                            'INSERT INTO nofx.%1$I (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::nofx.%1$I, %3$L)',
                            p_table, v_columns, v_row));
                    WHEN 'update' THEN
                        RETURN public.attempt(p_role, p_table, format(
                            'UPDATE nofx.%I SET (%2$s) = ROW(%2$s)', p_table, v_columns));
                    ELSE
                        IF v_row IS NULL THEN RETURN 'shared rows'; END IF;
                        PERFORM set_config('nofx.user_id', '\(own.owner.user)', true);
                        EXECUTE format('SET LOCAL ROLE %I', p_role);
                        EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT %s FROM nofx.%I) t
                                                       WHERE t::text LIKE ANY (''{%s}''))', v_columns, p_table,
                                       '\(marks.map { "%\($0)%" }.joined(separator: ","))') INTO v_seen;
                        RESET ROLE;
                        RETURN CASE WHEN v_seen THEN 'rows of every team' ELSE 'own rows' END;
                    END CASE;
                END
                $$;
                """
            )
        }
    }
}
