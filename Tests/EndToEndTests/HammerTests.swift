import Base
import Postgres
import TestSupport
import Testing

/// All writing functions concurrently, through PgBouncer in transaction mode.
struct HammerTests {
    private static let users = 40
    private static let limits = [
        "NOFX_MAX_TEAMS": "3", "NOFX_MAX_MEMBERS": "8", "NOFX_MAX_INVITES": "5",
        // A busy machine may be slow.
        "NOFX_TIMEOUT_MS": "120000",
    ]

    // Cases: teams 119
    @Test func `50 concurrent clients cause no server error and break no invariant`() throws {
        let database = try TestDatabase()
        let calls = try database.withPooler(servers: 20) { url in
            let hammer = try Hammer(database, at: url, users: Self.users, environment: Self.limits)
            let stress = Stress(seconds: 8, untilDone: HammerClient.functions)
            return try runConcurrently(50) { number, barrier in
                var client = hammer.client(number)
                barrier()
                var calls: [HammerCall] = []
                while !stress.isOver {
                    let call = try client.callSomething()
                    if call.isSuccess { stress.note(call.function) }
                    calls.append(call)
                }
                return calls
            }.flatMap(\.self)
        }

        let troubles = calls.filter { $0.status >= 500 || $0.status == 0 }
        #expect(troubles.isEmpty, "\(troubles.prefix(5))")
        let done = Set(calls.filter(\.isSuccess).map(\.function))
        #expect(done == Set(HammerClient.functions), "\(calls.count) calls")
        try expectInvariants(of: database)
    }

    /// The invariants, each as the number of rows that violate it.
    private func expectInvariants(of database: TestDatabase) throws {
        let rows = try database.rows(
            """
            SELECT
                (SELECT count(*) FROM nofx.teams t WHERE 1 <> (
                    SELECT count(*) FROM nofx.team_members m WHERE m.team_id = t.id AND m.role = 'owner'
                )) AS teams_without_one_owner,
                (SELECT count(*) FROM nofx.teams t WHERE NOT EXISTS (
                    SELECT FROM nofx.team_members m
                    WHERE m.team_id = t.id AND m.role = 'owner' AND m.user_id = t.owner_id
                )) AS teams_of_another_owner,
                (SELECT count(*) FROM (
                    SELECT team_id FROM nofx.team_members GROUP BY team_id HAVING count(*) > 8
                ) AS full_teams) AS teams_with_too_many_members,
                (SELECT count(*) FROM nofx.team_invites i WHERE i.status = 'pending' AND NOT EXISTS (
                    SELECT FROM nofx.team_members m WHERE m.team_id = i.team_id AND m.user_id = i.invited_by
                    AND nofx.may_grant(m.role, m.permissions, i.role, NULL)
                )) AS invites_of_nobody,
                (SELECT count(*) FROM nofx.team_invites i JOIN nofx.teams t ON t.id = i.team_id
                 WHERE i.status = 'pending' AND t.deleted_at IS NOT NULL) AS invites_to_deleted_teams,
                (SELECT count(*) FROM nofx.idempotency_keys WHERE answer IS NULL) AS calls_without_an_answer,
                (SELECT count(*) FROM nofx.teams t WHERE 1 <> (
                    SELECT count(*) FROM nofx.team_activity a WHERE a.team_id = t.id AND a.action = 'team.created'
                )) AS teams_without_a_beginning,
                (SELECT abs((SELECT count(*) FROM nofx.team_invites) - (SELECT count(*) FROM nofx.queue WHERE topic = 'mail')))
                    AS invites_without_a_mail
            """
        )
        let row = try #require(rows.first)
        for name in [
            "teams_without_one_owner", "teams_of_another_owner", "teams_with_too_many_members", "invites_of_nobody",
            "invites_to_deleted_teams", "calls_without_an_answer", "teams_without_a_beginning",
            "invites_without_a_mail",
        ] {
            #expect(try row[name] == 0, "\(name)")
        }
    }
}
