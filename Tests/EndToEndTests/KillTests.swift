import Base
import Postgres
import System
import TestSupport
import Testing

/// A killed process leaves all of its changes or none.
struct KillTests {
    private let input = #"{"name":"Acme"}"#

    // Cases: teams 4
    @Test func `none of 300 processes killed at random moments leaves a partial team`() throws {
        let database = try TestDatabase()
        let longest = try longestCall(on: database)
        let before = try database.value("SELECT count(*) FROM nofx.teams", as: Int.self)
        let outcomes = try runConcurrently(3) { number, _ in
            var random = SeededGenerator(seed: UInt64(number))
            return try (0..<100).map { _ in
                let delay = Duration.nanoseconds(Int64(UInt64.random(in: 0...longest, using: &random)))
                let process = try database.function("createTeam", as: TestDatabase.newSubject()).start()
                return process.finish(Array(input.utf8), killedAt: .after(delay))
            }
        }.flatMap(\.self)
        try awaitSilence(on: database)

        // The kills happened before, during and after the work.
        let answered = outcomes.filter { !$0.output.isEmpty }
        let teams = try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) - before
        #expect(outcomes.allSatisfy { $0.status == 0 || $0.status == 128 + 9 }, "\(outcomes.map(\.status))")
        #expect(outcomes.contains { $0.status == 0 } && outcomes.contains { $0.status == 128 + 9 })
        #expect(teams > 0 && teams < 300)

        // The data of each answered call exists.
        for outcome in answered {
            let id = try #require(try outcome.json()["id"]?.string)
            #expect(try database.value("SELECT count(*) FROM nofx.teams WHERE id::text = \(id)", as: Int.self) == 1)
        }
        #expect(teams >= answered.count)
        #expect(try halves(of: database) == 0)
    }

    /// Twice the longest duration of a few calls, in nanoseconds.
    private func longestCall(on database: TestDatabase) throws -> UInt64 {
        let times = try (0..<5).map { _ in
            let start = SystemClock.monotonicNanoseconds()
            _ = try database.makeTeam(as: TestDatabase.newSubject())
            return SystemClock.monotonicNanoseconds() - start
        }
        return (times.max() ?? 0) * 2
    }

    /// Waits until the sessions of killed processes have ended.
    private func awaitSilence(on database: TestDatabase) throws {
        var connection = try database.connect()
        try Poll.until {
            try connection.transact(
                [
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                    """
                ],
                deadline: .test
            )[0].value(as: Int.self) == 0
        }
    }

    /// The number of rows without the rows that are written together with them.
    private func halves(of database: TestDatabase) throws -> Int {
        try database.value(
            """
            SELECT (SELECT count(*) FROM nofx.teams t
                    WHERE (SELECT count(*) FROM nofx.team_members m
                           WHERE m.team_id = t.id AND m.user_id = t.owner_id AND m.role = 'owner') <> 1)
                 + (SELECT count(*) FROM nofx.team_members m
                    WHERE NOT EXISTS (SELECT FROM nofx.teams t WHERE t.id = m.team_id))
                 + (SELECT count(*) FROM nofx.teams t
                    WHERE (SELECT count(*) FROM nofx.team_activity a
                           WHERE a.team_id = t.id AND a.action = 'team.created') <> 1)
                 + (SELECT count(*) FROM nofx.team_activity a
                    WHERE NOT EXISTS (SELECT FROM nofx.teams t WHERE t.id = a.team_id))
                 + (SELECT count(*) FROM nofx.teams t
                    WHERE NOT EXISTS (SELECT FROM nofx.users u WHERE u.id = t.owner_id))
            """
        )
    }
}
