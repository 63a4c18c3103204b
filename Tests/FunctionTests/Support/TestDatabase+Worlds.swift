import Base
import Core
import Postgres
import TestSupport

@testable import Teams

/// A user with a row in every table: a team with a member, an invite, a key and a run, and another team that was
/// purged.
struct World {
    let owner: Caller
    let member: Caller
    let team: Team
    let purged: ID<Team>
    let invite: UUID
    let key: String
    let run: UUID
}

extension TestDatabase {
    /// Makes a user with a row in every table, who shares no team with another user.
    func world(_ name: String) throws -> World {
        let owner = Caller.stranger(email: "\(name)@example.com")
        let team = try team(name, of: owner)
        let member = try member(of: team, as: .member)
        try invite("invited-by-\(name)@example.com", to: team, by: owner)
        let invite: UUID = try value("SELECT id FROM nofx.team_invites WHERE team_id = \(team.id)")
        let purged = ID<Team>.make()
        let run = try startRun(
            [
                TestStep("build"), TestStep("approve", "gate:manual"),
                TestStep("ship", "http:request", after: ["build"]),
            ],
            goal: "A run of \(name)",
            team: team.id.uuid,
            by: owner
        )
        try finish(claim(), artifacts: [TestArtifact("\(name).txt", "text/plain", name.utf8)])
        let key = String(String.UnicodeScalarView((name + "000000000000").unicodeScalars.prefix(12)))
        var connection = try connect()
        _ = try connection.transact(
            [
                "INSERT INTO nofx.team_invite_tokens (token_hash, invite_id) VALUES (sha256(\(name)::bytea), \(invite))",
                """
                INSERT INTO nofx.webhooks (team_id, id, url, events, created_by)
                VALUES (\(team.id), gen_random_uuid(), \("https://\(name).example/"), '{run.failed}', \(owner.user))
                """,
                """
                INSERT INTO nofx.team_activity (team_id, team_name, actor_id, action)
                VALUES (\(purged), \(name), \(owner.user), 'team.deleted')
                """,
                """
                INSERT INTO nofx.security_events (bucket, user_id, team_id, action, reason)
                VALUES (date_trunc('minute', now()), \(name), \(team.id.description), 'team.update', 'tests')
                """,
                """
                INSERT INTO nofx.api_keys (id, user_id, team_id, name, secret_hash, scopes)
                VALUES (\(key), \(owner.user), \(team.id), \(name), sha256(\(name)::bytea), '{read}')
                """,
                """
                INSERT INTO nofx.idempotency_keys (user_id, operation, key, fingerprint, answer)
                VALUES (\(owner.user), 'createTeam', \(name), sha256(\(name)::bytea), \(name))
                """,
                "INSERT INTO nofx.rate_limits (key, tat) VALUES (\("\(owner.user) writes"), now() + interval '1 hour')",
                """
                SELECT nofx.record_ai_attempt(\(team.id.uuid), 1, \(team.id), 'openai', 'gpt-6-sol', 'gpt-6-sol', 'ok', 200,
                                              NULL, '{1,1,0,0,0,0}', 1, NULL, '1 second', NULL)
                """,
                "INSERT INTO nofx.ai_budgets (team_id, daily_nano_usd) VALUES (\(team.id), 1)",
                """
                INSERT INTO nofx.ai_reservations (call_id, team_id, amount, expires_at)
                VALUES (\(run), \(team.id), 1, now() + interval '1 hour')
                """,
                "INSERT INTO nofx.ai_limits (team_id, model, requests_per_minute) VALUES (\(team.id), '*', 1)",
                "INSERT INTO nofx.tool_policies (team_id, secret_scopes) VALUES (\(team.id), \([name]))",
                """
                INSERT INTO nofx.dead_letters (id, topic, tenant_id, priority, attempts, error, enqueued_at, payload)
                VALUES (gen_random_uuid(), 'tests', \(team.id), 0, 1, 'tests', now(), '{}')
                """,
                "INSERT INTO nofx.operator_actions (user_id, action, subject) VALUES (\(owner.user), 'tests', \(name))",
                "INSERT INTO nofx.key_sets (url, tried_at) VALUES ('https://issuer.test/keys', now()) ON CONFLICT DO NOTHING",
            ],
            deadline: .test
        )
        return World(owner: owner, member: member, team: team, purged: purged, invite: invite, key: key, run: run)
    }

    /// The schema's tables and views.
    var tables: [String] {
        get throws {
            try value(
                """
                SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
                WHERE relnamespace = 'nofx'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
                """
            )
        }
    }

    /// All rows of all tables, as text.
    func everything() throws -> String {
        try tables.map { table in
            try value(
                "SELECT query_to_xml(format('SELECT to_jsonb(t) FROM nofx.%I t ORDER BY 1', \(table)), true, true, '')::text"
            )
        }.joined()
    }

    /// Runs statements in the functions' role, in a transaction that `nofx.enter` opens for the caller.
    ///
    /// - Parameters:
    ///   - caller: The user for the row security policies; nil for no user.
    ///   - queries: The statements.
    /// - Returns: The rows of the last statement.
    /// - Throws: `PostgresError` of any statement.
    @discardableResult
    func asFunction(for caller: Caller?, _ queries: Query...) throws -> Rows {
        var connection = try Connection(ConnectionString(url), deadline: .test, log: .silent)
        var opening: [Query] = []
        if let caller {
            opening.append(
                """
                SELECT nofx.enter(\(SchemaVersion.required), \(caller.user), \(caller.issuer), \(caller.subject),
                                  NULL, NULL)
                """
            )
        }
        let results = try connection.transact(opening + queries, deadline: .test)
        return results[results.count - 1]
    }
}
