import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams

/// The rows that the functions' role can see and change, even with a statement that lacks a condition.
@Suite struct RowSecurityTests {
    /// The number of rows of each table that the owner of a world sees; nil if the role has no access.
    private static let seen: [String: Int?] = [
        "ai_attempts": nil, "ai_budgets": nil, "ai_limits": nil, "ai_reservations": nil, "ai_usage_daily": 1,
        "api_keys": 1,
        "artifacts": 1, "database_files": nil, "database_grants": nil, "database_roles": nil, "dead_letters": nil,
        "events": 7, "former_emails": nil, "gates": 1, "idempotency_keys": 1, "operator_actions": nil,
        "queue": 1, "rate_limits": nil, "runs": 1, "security_events": 1, "steps": 3, "team_activity": 3,
        "team_bytes": nil, "team_invite_tokens": nil, "team_invites": 1, "team_members": 2, "team_removals": nil,
        "teams": 1, "tool_policies": 1, "users": 2, "webhooks": 1, "worker_kinds": nil,
    ]

    /// Tables without rows of a user or team, which every caller sees.
    static let everybodys: Set = [
        "circuit_breakers", "circuit_counters", "circuit_windows", "key_sets", "migrations",
    ]

    @Test func `in each table a user sees only the rows of the user's own teams`() throws {
        let database = try TestDatabase()
        let (ada, bob) = (try database.world("ada"), try database.world("bob"))
        // Each new table must be added to one of the lists above.
        #expect(try Set(database.tables) == Self.everybodys.union(Self.seen.keys))
        for (own, other) in [(ada, bob), (bob, ada)] {
            for (table, count) in Self.seen {
                guard let rows = try database.content(of: table, for: own.owner) else {
                    #expect(count == nil, "\(table)")
                    continue
                }
                #expect(rows.count == count, "\(table)")
                for row in rows {
                    #expect(!other.marks.contains { row.contains($0) }, "\(table): \(row)")
                }
            }
        }
    }

    @Test func `a member sees the team, but not the owner's keys and answers or a team that the owner deleted`()
        throws
    {
        let database = try TestDatabase()
        let ada = try database.world("ada")
        _ = try database.world("bob")
        let counts = try Self.seen.keys.reduce(into: [:]) { counts, table in
            counts[table] = try database.content(of: table, for: ada.member)?.count
        }
        #expect(
            counts == [
                "ai_usage_daily": 1, "api_keys": 0, "artifacts": 1, "events": 7, "gates": 1, "idempotency_keys": 0,
                "queue": 1, "runs": 1, "security_events": 1, "steps": 3, "team_activity": 2, "team_invites": 1,
                "team_members": 2, "teams": 1, "tool_policies": 1, "users": 2,
                "webhooks": 1,
            ]
        )
    }

    @Test func `an anonymous caller sees nothing, and a stranger only the own user`() throws {
        let database = try TestDatabase()
        _ = try (database.world("ada"), database.world("bob"))
        for table in Self.seen.keys {
            #expect(try database.content(of: table, for: nil) ?? [] == [], "\(table)")
            let isUsers = table == "users"
            #expect(try database.content(of: table, for: .stranger())?.count ?? 0 == (isUsers ? 1 : 0), "\(table)")
        }
    }

    @Test func `no form of query shows another team's rows`() throws {
        let database = try TestDatabase()
        let (ada, bob) = (try database.world("ada"), try database.world("bob"))
        let questions: [Query] = [
            "SELECT count(*) FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id WHERE t.id = \(bob.team.id)",
            "SELECT count(*) FROM nofx.users u LEFT JOIN nofx.team_members m ON true WHERE u.id = \(bob.owner.user)",
            "SELECT count(*) FROM nofx.team_members WHERE user_id IN (SELECT \(bob.owner.user) UNION SELECT \(bob.member.user))",
            "SELECT count(*) FROM (SELECT * FROM nofx.team_invites OFFSET 0) i WHERE i.id = \(bob.invite)",
            "SELECT CASE WHEN EXISTS (SELECT FROM nofx.teams WHERE slug = 'bob') THEN 1::bigint ELSE 0 END",
            "SELECT count(*) FROM nofx.my_team_ids() AS id WHERE id = \(bob.team.id)",
            "SELECT count(*) FROM nofx.team_activity WHERE team_id IN (\(bob.team.id), \(bob.purged))",
            "SELECT count(*) FROM nofx.security_events e WHERE e.team_id = \(bob.team.id.description)",
            "SELECT count(*) FROM nofx.api_keys WHERE team_id = \(bob.team.id) OR id = \(bob.key)",
            "SELECT count(*) FROM nofx.ai_usage_daily WHERE team_id = \(bob.team.id)",
            "SELECT count(*) FROM nofx.webhooks WHERE team_id = \(bob.team.id)",
            "SELECT count(*) FROM nofx.runs r LEFT JOIN nofx.steps s ON s.run_id = r.id WHERE r.id = \(bob.run)",
            "SELECT count(*) FROM nofx.steps WHERE run_id = \(bob.run)",
            "SELECT count(*) FROM nofx.events WHERE (team_id, run_id) = (\(bob.team.id), \(bob.run))",
            "SELECT count(*) FROM nofx.gates WHERE team_id = \(bob.team.id)",
            "SELECT count(*) FROM nofx.artifacts WHERE content = 'bob'",
            "SELECT count(*) FROM nofx.queue WHERE id BETWEEN nofx.step_job_id(\(bob.run), 0) AND nofx.step_job_id(\(bob.run), 9)",
            "SELECT count(*) FROM nofx.tool_policies WHERE secret_scopes = '{bob}'",
            "SELECT count(*) FROM nofx.cancel_run(\(bob.team.id), \(bob.run), '{}') c WHERE c.outcome <> 'no_member'",
            """
            SELECT count(*) FROM nofx.retry_step(\(bob.team.id), \(bob.run), 'build', '{}') r
            WHERE r.outcome <> 'no_member'
            """,
            """
            SELECT count(*) FROM nofx.decide_gate(\(bob.team.id), \(bob.run), 'approve', 'approved', NULL, '{}') d
            WHERE d.outcome <> 'no_member'
            """,
            "SELECT count(*) FROM nofx.find_api_key(\(bob.key), sha256('x'), NULL)",
            """
            WITH RECURSIVE more AS (
                SELECT id FROM nofx.teams UNION SELECT m.team_id FROM more, nofx.team_members m WHERE m.team_id <> more.id
            )
            SELECT count(*) FROM more WHERE id = \(bob.team.id)
            """,
            "WITH t AS (UPDATE nofx.teams SET version = version RETURNING id) SELECT count(*) FROM t WHERE id = \(bob.team.id)",
            "WITH m AS (DELETE FROM nofx.team_members WHERE team_id = \(bob.team.id) RETURNING *) SELECT count(*) FROM m",
            "SELECT count(*) FROM pg_stats WHERE schemaname = 'nofx' AND tablename = 'teams'",
        ]
        try database.rows("ANALYZE nofx.teams")
        for question in questions {
            #expect(try database.asFunction(for: ada.owner, question).value() == 0, "\(question)")
            #expect(try database.asFunction(for: nil, question).value() == 0, "\(question)")
        }
    }

    // Cases: teams 124
    @Test func `no statement changes, adds or deletes another team's rows`() throws {
        let database = try TestDatabase()
        let (ada, bob) = (try database.world("ada"), try database.world("bob"))
        let me = ada.owner.user
        let before = try database.everything()
        let attempts: [Query] = [
            "UPDATE nofx.teams SET owner_id = \(me) WHERE id = \(bob.team.id)",
            "UPDATE nofx.teams SET name = 'Mine' WHERE id <> \(ada.team.id)",
            "UPDATE nofx.teams SET id = \(bob.team.id) WHERE id = \(ada.team.id)",
            "DELETE FROM nofx.teams WHERE id = \(bob.team.id)",
            "INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (gen_random_uuid(), 'For Bob', 'x', \(bob.owner.user))",
            """
            INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (\(bob.team.id), 'Mine', 'x', \(me))
            ON CONFLICT (id) DO UPDATE SET name = 'Mine'
            """,
            "INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(bob.team.id), \(me), 'viewer')",
            "INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(bob.team.id), \(me), 'admin')",
            "INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(bob.team.id), \(me), 'owner')",
            "INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(ada.team.id), \(bob.owner.user), 'viewer')",
            "UPDATE nofx.team_members SET team_id = \(bob.team.id) WHERE user_id = \(me)",
            "UPDATE nofx.team_members SET role = 'viewer' WHERE user_id = \(bob.member.user)",
            "DELETE FROM nofx.team_members WHERE team_id = \(bob.team.id)",
            "UPDATE nofx.team_invites SET role = 'admin' WHERE id = \(bob.invite)",
            "UPDATE nofx.team_invites SET team_id = \(bob.team.id) WHERE id = \(ada.invite)",
            "DELETE FROM nofx.team_invites WHERE id = \(bob.invite)",
            """
            INSERT INTO nofx.team_invites (team_id, email, email_normalized, role, invited_by)
            VALUES (\(bob.team.id), 'a@b.example', 'a@b.example', 'admin', \(me))
            """,
            "INSERT INTO nofx.team_invite_tokens (token_hash, invite_id) VALUES (sha256('mine'), \(bob.invite))",
            "DELETE FROM nofx.team_invite_tokens",
            """
            INSERT INTO nofx.queue (id, topic, tenant_id, payload)
            VALUES (gen_random_uuid(), 'mail', \(bob.team.id), json_build_object('inviteId', \(bob.invite)))
            """,
            "UPDATE nofx.queue SET run_at = now()",
            """
            INSERT INTO nofx.queue (id, topic, tenant_id, payload)
            VALUES (gen_random_uuid(), 'webhook', gen_random_uuid(), '{}')
            """,
            "DELETE FROM nofx.webhooks WHERE team_id = \(bob.team.id)",
            "UPDATE nofx.webhooks SET url = 'https://evil.example/'",
            """
            INSERT INTO nofx.webhooks (team_id, id, url, events, created_by)
            VALUES (\(bob.team.id), gen_random_uuid(), 'https://evil.example/', '{run.failed}', \(me))
            """,
            """
            INSERT INTO nofx.webhooks (team_id, id, url, events, created_by)
            VALUES (\(ada.team.id), gen_random_uuid(), 'https://evil.example/', '{run.failed}', \(bob.owner.user))
            """,
            "UPDATE nofx.users SET email = 'x' WHERE id = \(bob.owner.user)",
            "UPDATE nofx.users SET created_at = now() WHERE id = \(bob.member.user)",
            "UPDATE nofx.users SET disabled_at = NULL",
            """
            INSERT INTO nofx.api_keys (id, user_id, name, secret_hash, scopes)
            VALUES ('mine00000000', \(bob.owner.user), 'x', sha256('mine'), '{admin}')
            """,
            """
            INSERT INTO nofx.api_keys (id, user_id, team_id, name, secret_hash, scopes)
            VALUES ('mine00000000', \(me), \(bob.team.id), 'x', sha256('mine'), '{admin}')
            """,
            "UPDATE nofx.api_keys SET revoked_at = now() WHERE id = \(bob.key)",
            "UPDATE nofx.api_keys SET scopes = '{admin}' WHERE id = \(ada.key)",
            "UPDATE nofx.idempotency_keys SET answer = '{}' WHERE user_id = \(bob.owner.user)",
            """
            INSERT INTO nofx.idempotency_keys (user_id, operation, key, fingerprint)
            VALUES (\(bob.owner.user), 'createTeam', 'bob', sha256('mine'))
            ON CONFLICT (user_id, operation, key) DO UPDATE SET answer = '{}' RETURNING answer
            """,
            "INSERT INTO nofx.team_activity (team_id, action) VALUES (\(bob.team.id), 'forged')",
            "UPDATE nofx.team_activity SET action = 'forged'", "DELETE FROM nofx.team_activity",
            "TRUNCATE nofx.team_activity", "DELETE FROM nofx.security_events",
            "UPDATE nofx.ai_usage_daily SET spent_nano_usd = 0", "DELETE FROM nofx.ai_usage_daily",
            "DELETE FROM nofx.ai_attempts", "UPDATE nofx.ai_budgets SET daily_nano_usd = NULL",
            "DELETE FROM nofx.ai_budgets", "DELETE FROM nofx.ai_reservations",
            "INSERT INTO nofx.ai_budgets (team_id) VALUES (\(bob.team.id))",
            "INSERT INTO nofx.operator_actions (user_id, action, subject) VALUES (\(bob.owner.user), 'forged', 'x')",
            "UPDATE nofx.operator_actions SET action = 'forged'", "DELETE FROM nofx.operator_actions",
            "UPDATE nofx.circuit_breakers SET state = 'disabled'", "DELETE FROM nofx.circuit_counters",
            "UPDATE nofx.runs SET goal = 'Mine'", "DELETE FROM nofx.runs", "UPDATE nofx.steps SET outputs = '{}'",
            "DELETE FROM nofx.steps", "UPDATE nofx.gates SET status = 'approved', decided_at = now()",
            "INSERT INTO nofx.events (team_id, run_id, seq, type) VALUES (\(bob.team.id), \(bob.run), 99, 'forged')",
            "UPDATE nofx.events SET type = 'forged'", "DELETE FROM nofx.events", "DELETE FROM nofx.artifacts",
            "UPDATE nofx.artifacts SET content = 'forged'", "UPDATE nofx.queue SET fence = 0", "DELETE FROM nofx.queue",
            "INSERT INTO nofx.queue (id, topic, payload) VALUES (gen_random_uuid(), 'forged', '{}')",
            "UPDATE nofx.tool_policies SET secret_scopes = '{bob}'", "DELETE FROM nofx.dead_letters",
            "INSERT INTO nofx.tool_policies (team_id) VALUES (\(ada.team.id))",
            "UPDATE nofx.security_events SET hits = 0", "UPDATE nofx.rate_limits SET tat = now()",
        ]
        for attempt in attempts {
            do {
                #expect(try database.asFunction(for: ada.owner, attempt).affected == 0, "\(attempt)")
            } catch let error as PostgresError {
                #expect(["42501", "23505"].contains(error.state?.rawValue), "\(attempt): \(error.debugDescription)")
            }
        }
        #expect(try database.everything() == before)
    }

    @Test func `a type in the caller's temporary schema does not replace the server's`() throws {
        let database = try TestDatabase()
        let ada = try database.world("ada")
        var connection = try Connection(ConnectionString(database.url), deadline: .test, log: .silent)
        try connection.transaction(deadline: .test) { transaction in
            try transaction.runScript(
                """
                CREATE FUNCTION pg_temp.steal(pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'stolen by %', current_user; END $$;
                CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (pg_temp.steal(VALUE));
                CREATE DOMAIN pg_temp.uuid AS pg_catalog.uuid CHECK (pg_temp.steal(VALUE::pg_catalog.text));
                """
            )
            try transaction.run(
                """
                SELECT nofx.enter(\(SchemaVersion.required), \(ada.owner.user), \(ada.owner.issuer),
                                  \(ada.owner.subject), NULL, NULL)
                """
            )
            try transaction.run("SELECT nofx.log_denial(\(ada.team.id), 'a', 'b', 'c', 'd', 'e')")
        }
    }
}

extension World {
    /// A text by which a row of this world is recognised.
    fileprivate var marks: [String] {
        [
            owner.user.description, member.user.description, team.id.description, purged.description,
            invite.description, key, run.description, "\(team.name.rawValue)@example.com",
        ]
    }
}

extension TestDatabase {
    /// The rows of a table as a user sees them, with all columns; nil if the role has no access.
    fileprivate func content(of table: String, for caller: Caller?) throws -> [String]? {
        do {
            let rows = try asFunction(
                for: caller,
                """
                SELECT unnest(xpath('/table/row/*/text()', x))::text AS row
                FROM query_to_xml(format('SELECT to_jsonb(t) FROM nofx.%I t', \(table)), true, false, '') AS x
                """
            )
            return try (0..<rows.count).map { try rows[$0]["row"] }
        } catch let error as PostgresError where error.state == .insufficientPrivilege {
            return nil
        }
    }
}
