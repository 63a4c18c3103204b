import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams

/// The attributes and rights of the functions' role and of the operator role.
@Suite struct RoleGrantTests {
    @Test func `the functions' role owns nothing and bypasses no policy`() throws {
        let database = try TestDatabase()
        for role in ["nofx_test_app", "nofx_test_operator"] {
            let flaws: Int = try database.value(
                """
                SELECT (SELECT count(*) FROM pg_roles
                        WHERE rolname = \(role) AND (rolsuper OR rolbypassrls OR rolcreaterole))
                     + (SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = \(role))
                     + (SELECT count(*) FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.member
                        WHERE r.rolname = \(role))
                """
            )
            #expect(flaws == 0)
            let open: [String] = try database.value(
                """
                SELECT coalesce(array_agg(relname::text ORDER BY relname), '{}') FROM pg_class
                WHERE relnamespace = 'nofx'::regnamespace AND relkind = 'r' AND NOT relrowsecurity
                """
            )
            #expect(Set(open) == RowSecurityTests.everybodys)
        }
    }

    @Test
    func `no SQL function is public, and every security definer has a fixed search_path`()
        throws
    {
        let database = try TestDatabase()
        let everybodys: [String] = try database.value(
            """
            SELECT coalesce(array_agg(p.oid::regprocedure::text), '{}')
            FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            WHERE p.pronamespace = 'nofx'::regnamespace AND a.grantee = 0
            """
        )
        #expect(everybodys.isEmpty)
        let unpinned: [String] = try database.value(
            """
            SELECT coalesce(array_agg(p.oid::regprocedure::text), '{}') FROM pg_proc p
            WHERE p.pronamespace = 'nofx'::regnamespace AND p.prosecdef
              AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(p.proconfig, '{}'))
            """
        )
        #expect(unpinned.isEmpty)
        for role in ["nofx_test_app", "nofx_test_operator"] {
            let granting: Int = try database.value(
                """
                SELECT count(*) FROM pg_proc p
                WHERE p.pronamespace = 'nofx'::regnamespace
                  AND p.proname IN ('grant_rights', 'grant_all_rights', 'show_all_rows', 'create_role')
                  AND has_function_privilege(\(role), p.oid, 'EXECUTE')
                """
            )
            #expect(granting == 0)
        }
    }

    @Test func `the functions' role may call no worker function and no internal function of runs`() throws {
        let database = try TestDatabase()
        let world = try database.world("ada")
        let (team, run) = (world.team.id, world.run)
        let nobody = UUID(high: 0, low: 0)
        let attempts: [Query] = [
            "SELECT nofx.claim_jobs('test.echo', 1, '30 seconds', NULL, NULL, \(nobody))",
            "SELECT nofx.heartbeat_jobs('{}', '{}', '30 seconds')",
            "SELECT nofx.finish_jobs('{}', '{}', '{}', '{}', '{}', '{}')", "SELECT nofx.begin_steps('{}', '{}')",
            "SELECT nofx.finish_steps('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
            "SELECT nofx.promote_jobs(1)", "SELECT nofx.rescue_steps(1)", "SELECT nofx.rescue_jobs(1, '{0}')",
            "SELECT nofx.stop_overdue_runs(1)", "SELECT nofx.expire_gates(1)", "SELECT nofx.note_worker('{}', '{}', 1)",
            "SELECT nofx.enqueue_jobs('{}', '{}', '{}', '{}', '{}', '{}')",
            // Only the schema's owner may call them, because they change tables that the role may not change.
            "SELECT nofx.add_events(\(team), \(run), '{0}', '{forged}', '{NULL}')",
            "SELECT nofx.release_steps('{}', '{}', '{}')",
            "SELECT nofx.end_steps('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
            "SELECT nofx.stop_run(\(team), \(run), NULL)",
        ]
        let before = try database.everything()
        for attempt in attempts {
            let error = #expect(throws: PostgresError.self, "\(attempt)") {
                try database.asFunction(for: world.owner, attempt)
            }
            #expect(error?.state == .insufficientPrivilege, "\(attempt)")
        }
        #expect(try database.everything() == before)
    }

    @Test func `the operator role may do a worker's work`() throws {
        let database = try TestDatabase()
        let world = try database.world("ada")
        let nobody = UUID(high: 0, low: 0)
        func run(_ query: Query) throws -> Rows {
            var connection = try Connection(ConnectionString(database.operatorURL), deadline: .test, log: .silent)
            return try connection.transact([query], deadline: .test)[0]
        }
        #expect(try run("SELECT * FROM nofx.rescue_steps(10)").count == 1)
        let claims: [TestClaim] = try run(
            "SELECT * FROM nofx.claim_jobs('http.request', 10, '30 seconds', NULL, NULL, \(nobody))"
        ).decode()
        #expect(claims.map(\.run) == [world.run])
        let (ids, fences) = (claims.map(\.id), claims.map(\.fence))
        #expect(try run("SELECT * FROM nofx.heartbeat_jobs(\(ids), \(fences), '30 seconds')").count == 1)
        _ = try run("SELECT nofx.begin_steps(\(ids), \(fences))")
        let finished = try run(
            """
            SELECT nofx.finish_steps(\(ids), \(fences), '{succeeded}', '{NULL}', '{NULL}', '{0}', '{}', '{}', '{}', '{}',
                                     '{}')
            """
        )
        #expect(finished.count == 1)
        #expect(try run("SELECT name, inputs, outputs FROM nofx.steps WHERE run_id = \(world.run)").count == 3)
        #expect(try run("SELECT tools, secret_scopes FROM nofx.tool_policies").count == 1)
    }

    @Test func `the operator role cannot read answers, hashes and activity, or change rights`() throws {
        let database = try TestDatabase()
        let ada = try database.world("ada")
        let attempts: [Query] = [
            "SELECT answer FROM nofx.idempotency_keys", "SELECT secret_hash FROM nofx.api_keys",
            "SELECT token_hash FROM nofx.team_invite_tokens", "SELECT FROM nofx.team_activity WHERE id = 1",
            "SELECT count(*) FROM nofx.team_members", "SELECT settings FROM nofx.teams",
            "SELECT team_id FROM nofx.ai_attempts", "SELECT count(*) FROM nofx.ai_usage_daily",
            "SELECT amount FROM nofx.ai_reservations", "SELECT count(*) FROM nofx.operator_actions",
            "SELECT nofx.circuit_set('openai', 'reset')",
            "SELECT events FROM nofx.webhooks", "UPDATE nofx.webhooks SET url = 'x'", "DELETE FROM nofx.webhooks",
            "SELECT subject FROM nofx.users", "SELECT count(*) FROM nofx.security_events",
            "UPDATE nofx.teams SET owner_id = \(ada.member.user)", "UPDATE nofx.team_invites SET role = 'admin'",
            "UPDATE nofx.api_keys SET scopes = '{admin}'", "UPDATE nofx.users SET email = NULL",
            "DELETE FROM nofx.users", "DELETE FROM nofx.team_members", "DELETE FROM nofx.team_activity",
            "INSERT INTO nofx.queue (id, topic, payload) VALUES (\(ada.invite), 'mail', '{}')",
            "SELECT goal FROM nofx.runs", "SELECT count(*) FROM nofx.gates", "SELECT count(*) FROM nofx.events",
            "SELECT count(*) FROM nofx.artifacts", "SELECT payload FROM nofx.dead_letters", "DELETE FROM nofx.queue",
            "UPDATE nofx.runs SET status = 'failed'", "UPDATE nofx.steps SET outputs = '{}'",
            "UPDATE nofx.tool_policies SET tools = NULL",
            "SELECT nofx.cancel_run(\(ada.team.id), \(ada.run), '{}')",
            "SELECT nofx.retry_step(\(ada.team.id), \(ada.run), 'build', '{}')",
            "SELECT nofx.decide_gate(\(ada.team.id), \(ada.run), 'approve', 'approved', NULL, '{}')",
            "SELECT nofx.stop_run(\(ada.team.id), \(ada.run), NULL)", "SELECT nofx.my_membership(\(ada.team.id))",
            "SELECT nofx.reopen_step(\(ada.team.id), \(ada.run), 0, NULL)",
            "SELECT nofx.my_team_ids()", "SELECT nofx.find_api_key(\(ada.key), sha256('x'), NULL)",
            "SELECT nofx.log_activity(\(ada.team.id), NULL, NULL, 'forged', NULL, NULL, NULL, NULL)",
        ]
        for attempt in attempts {
            var connection = try Connection(ConnectionString(database.operatorURL), deadline: .test, log: .silent)
            let error = #expect(throws: PostgresError.self, "\(attempt)") {
                try connection.transact([attempt], deadline: .test)
            }
            #expect(error?.state == .insufficientPrivilege, "\(attempt)")
        }
    }
}
