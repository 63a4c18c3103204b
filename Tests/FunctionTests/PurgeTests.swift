import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Teams
@testable import Operations
@testable import nofx

@Suite struct PurgeTests {
    @Test func `expired rows are purged, and others are kept`() throws {
        let database = try TestDatabase()
        let world = try database.world("ada")
        try database.age(world)
        let report = try database.purge()
        #expect(
            report.counts == [
                .idempotencyKeys: 1, .rateLimits: 1, .expiredInvites: 1, .decidedInvites: 1, .teams: 0, .outbox: 1,
                .keys: 2, .attempts: 1, .reservations: 1, .runs: 0, .runsOfTeams: 0, .deadJobs: 0,
                .usage: 0, .keySets: 0,
            ]
        )
        #expect(!report.hasMore)
        let kept: [String] = try database.value(
            """
            SELECT array_agg(kept ORDER BY kept) FROM (
                SELECT 'key ' || name AS kept FROM nofx.api_keys UNION ALL
                SELECT 'answer ' || key FROM nofx.idempotency_keys UNION ALL
                SELECT 'invite ' || email || ' ' || status FROM nofx.team_invites UNION ALL
                SELECT 'mail ' || topic FROM nofx.dead_letters WHERE topic = 'mail' UNION ALL
                SELECT 'rate ' || (key = \("\(world.owner.user) writes")) FROM nofx.rate_limits UNION ALL
                SELECT 'attempt ' || attempt FROM nofx.ai_attempts UNION ALL
                SELECT 'usage of ' || attempts FROM nofx.ai_usage_daily UNION ALL
                SELECT 'reservation of ' || amount FROM nofx.ai_reservations
            ) k
            """
        )
        #expect(
            kept == [
                "answer ada", "attempt 1", "attempt 2", "invite cancelled-lately cancelled",
                "invite invited-by-ada@example.com pending",
                "invite late expired", "key ada", "key ended-lately", "mail mail",
                "rate true", "reservation of 1", "reservation of 2", "usage of 3",
            ]
        )
        #expect(try database.purge().counts.values.allSatisfy { $0 == 0 })
    }

    @Test func `an expired invite's end is its expiry`() throws {
        let database = try TestDatabase()
        try database.age(try database.world("ada"))
        try database.purge()
        #expect(
            try database.value("SELECT decided_at = expires_at FROM nofx.team_invites WHERE status = 'expired'")
        )
    }

    // Cases: teams 66
    @Test func `a team is purged 30 days after its deletion, and its activity is kept`() throws {
        let database = try TestDatabase()
        let (ada, bob) = (try database.world("ada"), try database.world("bob"))
        for world in [ada, bob] { try database.call(DeleteTeam.self, world.team.reference, as: world.owner) }
        let activity: Int = try database.value("SELECT count(*) FROM nofx.team_activity")
        try database.rows("UPDATE nofx.teams SET purge_after = now() WHERE id = \(ada.team.id)")
        #expect(try database.purge().counts[.teams] == 1)
        let rest: [Int] = try database.value(
            """
            SELECT ARRAY[(SELECT count(*) FROM nofx.teams), (SELECT count(*) FROM nofx.team_members),
                         (SELECT count(*) FROM nofx.team_invites), (SELECT count(*) FROM nofx.team_invite_tokens),
                         (SELECT count(*) FROM nofx.api_keys)]
            """
        )
        #expect(rest == [1, 2, 1, 1, 1])
        #expect(try database.value("SELECT count(*) FROM nofx.team_activity") == activity)
        #expect(try database.value("SELECT count(*) FROM nofx.users") == 4)
        #expect(database.refusal(of: RestoreTeam.self, ada.team.reference, as: ada.owner) == "404 team_not_found")
        #expect(database.refusal(of: RestoreTeam.self, bob.team.reference, as: bob.owner) == nil)
    }

    @Test func `two concurrent purges delete each of 5000 rows once`() throws {
        let database = try TestDatabase()
        let world = try database.world("ada")
        try database.rows(
            """
            INSERT INTO nofx.idempotency_keys (user_id, operation, key, fingerprint, expires_at)
            SELECT \(world.owner.user), 'createTeam', n::text, sha256('x'), now() - n * interval '1 second'
            FROM generate_series(1, 5000) AS n
            """
        )
        try database.rows(
            "INSERT INTO nofx.rate_limits (key, tat) SELECT n::text, now() FROM generate_series(1, 5000) AS n"
        )
        let reports = try runConcurrently(2) { _, barrier in
            var context = try database.operatorContext()
            try context.withConnection { _ in }
            barrier()
            return try Purge.call(#"{"batch":100}"#, in: &context)
        }
        for kind in [Retention.Kind.idempotencyKeys, .rateLimits] {
            #expect(reports.map { $0.counts[kind, default: 0] }.reduce(0, +) == 5_000)
        }
        // A purge that finds the rest locked ends. Still, no row is left over between the two.
        #expect(reports.allSatisfy { !$0.hasMore })
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys") == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.rate_limits") == 1)
    }

    @Test func `a team that is being restored is not purged`() throws {
        let database = try TestDatabase()
        let world = try database.world("ada")
        try database.call(DeleteTeam.self, world.team.reference, as: world.owner)
        try database.rows("UPDATE nofx.teams SET purge_after = now() WHERE id = \(world.team.id)")
        var restorer = try database.connect()
        try restorer.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.teams WHERE id = \(world.team.id) FOR NO KEY UPDATE")
            #expect(try database.purge().counts[.teams] == 0)
            try transaction.run(
                """
                UPDATE nofx.teams SET deleted_at = NULL, deleted_by = NULL, purge_after = NULL
                WHERE id = \(world.team.id)
                """
            )
            #expect(try database.purge().counts[.teams] == 0)
        }
        #expect(try database.purge().counts[.teams] == 0)
        #expect(try database.value("SELECT count(*) FROM nofx.teams") == 1)
    }

    @Test func `of a restore and a purge at the same time one wins completely`() throws {
        let database = try TestDatabase()
        let world = try database.world("ada")
        for _ in 0..<20 {
            guard try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 1 else { break }
            try database.call(DeleteTeam.self, world.team.reference, as: world.owner)
            // Its retention ends within the time that both calls need to start.
            try database.rows("UPDATE nofx.teams SET purge_after = clock_timestamp() + interval '3 milliseconds'")
            let outcomes = try runConcurrently(2) { number, barrier in
                if number == 0 {
                    var context = try database.operatorContext()
                    try context.withConnection { _ in }
                    barrier()
                    return try Purge.call("{}", in: &context).counts[.teams] == 1
                }
                var context = try database.context(for: world.owner)
                try context.withConnection { _ in }
                barrier()
                return (try? RestoreTeam.call(world.team.reference, in: &context)) != nil
            }
            let living: Int = try database.value("SELECT count(*) FROM nofx.teams WHERE deleted_at IS NULL")
            #expect(!(outcomes[0] && outcomes[1]))
            #expect((living == 1) == outcomes[1])
            if !outcomes[1] { #expect(try database.purge().hasMore == false) }
        }
    }

    @Test func `a purge stops before its deadline, and the next one continues`() throws {
        let database = try TestDatabase()
        let world = try database.world("ada")
        let count = 50_000
        try database.rows(
            """
            INSERT INTO nofx.idempotency_keys (user_id, operation, key, fingerprint, expires_at)
            SELECT \(world.owner.user), 'createTeam', n::text, sha256('x'), now() FROM generate_series(1, \(count)) AS n
            """
        )
        // Enough time to begin, but not for all transactions.
        var context = try database.operatorContext(deadline: .after(.seconds(2)))
        let report = try Purge.call(#"{"batch":1}"#, in: &context)
        let gone = try #require(report.counts[.idempotencyKeys])
        #expect(report.hasMore)
        #expect((1..<count).contains(gone))
        #expect(try database.value("SELECT count(*) FROM nofx.idempotency_keys") == count + 1 - gone)
        #expect(try database.purge().counts[.idempotencyKeys] == count - gone)
    }

    @Test func `a purge starts a step only if twice the longest step fits into the remaining time`() {
        var pace = Retention.Pace(left: .seconds(10))
        #expect(pace.allowsStep)
        pace.endStep(left: .seconds(7))
        #expect(pace.allowsStep)
        pace.endStep(left: .seconds(6))
        #expect(!pace.allowsStep)
        var quick = Retention.Pace(left: .seconds(10))
        quick.endStep(left: .milliseconds(1_001))
        #expect(!quick.allowsStep)
        var slow = Retention.Pace(left: .seconds(10))
        for left in stride(from: 9_900, through: 1_100, by: -100) { slow.endStep(left: .milliseconds(left)) }
        #expect(slow.allowsStep)
        slow.endStep(left: .seconds(1))
        #expect(!slow.allowsStep)
        #expect(!Retention.Pace(left: .zero).allowsStep)
    }

    @Test(arguments: ["0", "10001", "-1", "1.5", #""all""#, "[]"])
    func `an invalid batch size is rejected`(_ batch: String) throws {
        var context = try TestDatabase().operatorContext()
        let problem = #expect(throws: Problem.self) { _ = try Purge.call(#"{"batch":\#(batch)}"#, in: &context) }
        #expect(problem?.violations.map(\.field) == ["batch"])
    }

    @Test func `the functions' role cannot purge`() throws {
        let database = try TestDatabase()
        var context = try database.context(for: nil)
        let problem = #expect(throws: Problem.self) { _ = try Purge.call("{}", in: &context) }
        #expect(problem?.code == "misconfigured")
    }

    @Test func `a schema that this program does not know is not changed`() throws {
        let database = try TestDatabase()
        try database.rows("UPDATE nofx.migrations SET min_compatible = 99 WHERE version = \(SchemaVersion.required)")
        var context = try database.operatorContext()
        let problem = #expect(throws: Problem.self) { _ = try Purge.call("{}", in: &context) }
        #expect(problem?.code == "database_incompatible")
    }
}

extension TestDatabase {
    @discardableResult
    fileprivate func purge() throws -> Retention.Report {
        var context = try operatorContext()
        return try Purge.call("{}", in: &context)
    }

    /// Gives a user, besides the existing rows, expired rows of each kind, some of which expired only recently.
    fileprivate func age(_ world: World) throws {
        let (user, team) = (world.owner.user, world.team.id)
        var connection = try connect()
        _ = try connection.transact(
            [
                """
                INSERT INTO nofx.idempotency_keys (user_id, operation, key, fingerprint, expires_at)
                VALUES (\(user), 'createTeam', 'old', sha256('x'), now())
                """,
                "INSERT INTO nofx.rate_limits (key, tat) VALUES ('old', now())",
                """
                INSERT INTO nofx.team_invites
                    (team_id, email, email_normalized, role, invited_by, status, expires_at, decided_at)
                VALUES (\(team), 'late', 'late', 'member', \(user), 'pending', now(), NULL),
                       (\(team), 'cancelled-lately', 'x', 'member', \(user), 'cancelled', now(), now() - interval '89 days'),
                       (\(team), 'cancelled', 'x', 'member', \(user), 'cancelled', now(), now() - interval '90 days')
                """,
                """
                INSERT INTO nofx.dead_letters
                    (id, topic, tenant_id, priority, attempts, error, enqueued_at, dead_lettered_at, payload)
                SELECT gen_random_uuid(), 'mail', \(team), 0, 8, 'tests', now(), now() - age::interval, '{}'
                FROM unnest('{29 days,30 days}'::text[]) AS age
                """,
                """
                INSERT INTO nofx.api_keys (id, user_id, name, secret_hash, scopes, expires_at, revoked_at)
                VALUES ('lately000000', \(user), 'ended-lately', sha256('x'), '{read}', now() - interval '89 days', NULL),
                       ('expired00000', \(user), 'expired', sha256('x'), '{read}', now() - interval '90 days', NULL),
                       ('revoked00000', \(user), 'revoked', sha256('x'), '{read}', now() + interval '1 day',
                        now() - interval '90 days')
                """,
            ],
            deadline: .test
        )
        _ = try connection.transact(
            [
                """
                SELECT nofx.record_ai_attempt(\(team.uuid), attempt, \(team), 'openai', 'gpt-6-sol', 'gpt-6-sol', 'ok', 200,
                                              NULL, '{1,1,0,0,0,0}', 1, NULL, '1 second', NULL)
                FROM generate_series(2, 3) AS attempt
                """,
                """
                UPDATE nofx.ai_attempts SET created_at = now() - CASE attempt WHEN 2 THEN interval '89 days'
                                                                  ELSE interval '90 days' END
                WHERE attempt > 1
                """,
                """
                INSERT INTO nofx.ai_reservations (call_id, team_id, amount, expires_at)
                VALUES (gen_random_uuid(), \(team), 2, now() + interval '1 minute'),
                       (gen_random_uuid(), \(team), 3, now())
                """,
            ],
            deadline: .test
        )
    }
}
