import Base
import Postgres
import TestSupport
import Testing

/// Concurrent processes.
struct RaceTests {
    // Cases: teams 18
    @Test func `32 users concurrently create teams of the same name, and all succeed`() throws {
        let database = try TestDatabase()
        let outcomes = try race(32) { _ in try database.function("createTeam", as: TestDatabase.newSubject()) }

        #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes.filter { $0.status != 0 })")
        #expect(Set(try outcomes.map { try $0.json()["slug"]?.string }).count == 32)
        #expect(try database.value("SELECT count(*) FROM nofx.teams WHERE name = 'Acme'", as: Int.self) == 32)
        #expect(
            try database.value("SELECT count(DISTINCT slug) FROM nofx.teams WHERE deleted_at IS NULL", as: Int.self)
                == 32
        )
        #expect(
            try database.value(
                """
                SELECT count(*) FROM nofx.teams t
                WHERE (SELECT count(*) FROM nofx.team_members m WHERE m.team_id = t.id AND m.role = 'owner'
                                                                  AND m.user_id = t.owner_id) = 1
                  AND (SELECT count(*) FROM nofx.team_members m WHERE m.team_id = t.id) = 1
                """,
                as: Int.self
            ) == 32
        )
    }

    // Cases: teams 21
    @Test func `one user in 32 processes gets exactly as many teams as the quota allows`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let outcomes = try race(32) { _ in try database.function("createTeam", as: subject) }
        let refused = outcomes.filter { $0.status != 0 }

        #expect(refused.count == 12)
        for outcome in refused { try expectProblem(outcome, 403, "quota_exceeded", exit: 77) }
        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 20)
        #expect(try database.value("SELECT count(*) FROM nofx.users", as: Int.self) == 1)
        #expect(Set(try outcomes.filter { $0.status == 0 }.map { try $0.json()["slug"]?.string }).count == 20)
    }

    // Cases: teams 22
    @Test func `ten concurrent calls of one user below the quota all succeed`() throws {
        let database = try TestDatabase()
        let subject = TestDatabase.newSubject()
        let outcomes = try race(10) { _ in try database.function("createTeam", as: subject) }

        #expect(outcomes.allSatisfy { $0.status == 0 })
    }

    @Test func `ten concurrent migrations migrate once`() throws {
        let database = try TestDatabase(migrated: false)
        let function = TestFunction("migrate", database: database.ownerURL)
        let outcomes = try race(10, "{}") { _ in function }

        #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes)")
        #expect(try outcomes.filter { try $0.json()["applied"]?.count != 0 }.count == 1)
    }

    /// Starts processes and gives all of them their input at the same time.
    private func race(
        _ count: Int,
        _ input: String = #"{"name":"Acme"}"#,
        _ function: @escaping @Sendable (Int) throws -> TestFunction
    ) throws -> [Subprocess.Outcome] {
        try runConcurrently(count) { number, barrier in
            let process = try function(number).start()
            barrier()
            return process.finish(Array(input.utf8))
        }
    }
}
