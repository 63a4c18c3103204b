import Base
import Core
import FunctionRuntime
import Postgres
import TestSupport
import Testing

@testable import Migrations
@testable import nofx

@Suite struct MigrateTests {
    private let newest = Migration.all.count

    // Cases: queue 98
    @Test func `an empty database is migrated to the newest version, once`() throws {
        let database = try TestDatabase(migrated: false)
        let first = try database.migrator { try Migrate.call("{}", in: &$0) }
        #expect((first.from, first.to, first.isDryRun) == (0, newest, false))
        #expect(first.applied == Migration.all.map { "\($0.version) \($0.name)" })
        #expect(first.functions == DatabaseFile.all.map(\.name))
        let second = try database.migrator { try Migrate.call("{}", in: &$0) }
        #expect((second.from, second.to) == (newest, newest))
        #expect(second.applied.isEmpty && second.functions.isEmpty)
        let sums: [String] = try database.value(
            "SELECT array_agg(encode(checksum, 'hex') ORDER BY version) FROM nofx.migrations"
        )
        #expect(sums == Migration.all.map { Hexadecimal.encode($0.checksum) })
    }

    @Test func `a dry run reports the migrations and changes nothing`() throws {
        let database = try TestDatabase(migrated: false)
        let report = try database.migrator { try Migrate.call(#"{"dryRun":true}"#, in: &$0) }
        #expect((report.from, report.to, report.isDryRun) == (0, newest, true))
        #expect(report.applied.count == newest)
        #expect(report.functions.count == DatabaseFile.all.count)
        #expect(try database.hasSchema == false)
    }

    // Cases: queue 98
    @Test func `of ten concurrent migrations one does the work`() throws {
        let database = try TestDatabase(migrated: false)
        let barrier = ThreadBarrier(for: 10)
        let threads = (0..<10).map { _ in
            TestThread<Result<Migrator.Report, Refusal>> {
                barrier.wait()
                return Result { try database.migrator { try Migrate.call("{}", in: &$0) } }.mapError(Refusal.init)
            }
        }
        let reports = try threads.map { try $0.join().get() }
        #expect(reports.count { $0.applied.count == newest && $0.from == 0 } == 1)
        #expect(reports.count { $0.applied.isEmpty && $0.from == newest } == 9)
        #expect(try database.value("SELECT count(*) FROM nofx.migrations") == newest)
    }

    @Test func `the schema version in the functions is the newest`() throws {
        let newest = try #require(Migration.all.last)
        #expect(SchemaVersion.required == newest.version)
        #expect(newest.minCompatible <= newest.version)
        #expect(Migration.all.map { Int($0.version) } == Array(1...Migration.all.count))
    }

    @Test func `a migration keeps the data of an earlier version and grants its role the new rights`() throws {
        let database = try TestDatabase()
        let (user, team) = (ID<User>.make(), UUID.v7())
        try database.rows(
            """
            WITH ada AS (
                INSERT INTO nofx.users (id, issuer, subject, email, email_normalized)
                VALUES (\(user), \(TestFunction.issuer), \(user.description), 'a@b.example', 'a@b.example')
            ), acme AS (
                INSERT INTO nofx.teams (id, name, slug, owner_id) VALUES (\(team), 'Acme', 'acme', \(user))
            )
            INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(team), \(user), 'owner')
            """
        )
        let next = Migration.all + [migration("ALTER TABLE nofx.teams ADD COLUMN motto text")]
        let report = try database.migrator { try Migrator(next).run(.init(), in: &$0) }
        #expect((report.from, report.to) == (newest, newest + 1))
        #expect(report.functions.isEmpty)
        let caller = Caller(user: user, issuer: TestFunction.issuer, subject: user.description, email: nil)
        #expect(database.refusal(of: CreateTeam.self, #"{"name":"Acme"}"#, as: caller) == nil)
        #expect(database.refusal(of: GetTeam.self, #"{"teamId":"\#(team)"}"#, as: caller) == nil)
        #expect(try database.value("SELECT nofx.me() IS NULL AND count(*) = 2 FROM nofx.teams") == true)
    }

    @Test func `a migration that was changed after it was applied is rejected`() throws {
        let database = try TestDatabase()
        let changed = Migration(1, "teams", Array("-- min-compatible: 1\nSELECT 1".utf8))
        #expect(database.refusal(of: [changed] + Migration.all.dropFirst()) == "409 migration_changed")
        try database.rows("UPDATE nofx.migrations SET checksum = sha256('other') WHERE version = 1")
        #expect(database.refusal(of: Migration.all) == "409 migration_changed")
    }

    @Test func `a newer database is rejected and not changed`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            INSERT INTO nofx.migrations (version, name, checksum, min_compatible)
            VALUES (\(newest + 1), 'future', sha256('future'), 1)
            """
        )
        #expect(database.refusal(of: Migration.all) == "409 database_newer")
        #expect(try database.value("SELECT count(*) FROM nofx.migrations") == newest + 1)
    }

    @Test func `a failing migration rolls back the earlier ones of the run`() throws {
        let database = try TestDatabase(migrated: false)
        #expect(database.refusal(of: Migration.all + [migration("SELECT 1/0")]) == "unanswered: 22012")
        #expect(try database.hasSchema == false)
        try database.migrate()
        #expect(database.refusal(of: Migration.all + [migration("CREATE TABLE nofx.more (); SELECT 1/0")]) != nil)
        #expect(try database.value("SELECT to_regclass('nofx.more') IS NULL"))
        #expect(try database.value("SELECT count(*) FROM nofx.migrations") == newest)
        #expect(database.refusal(of: Migration.all + [migration("CREATE TABLE nofx.more ()")]) == nil)
        #expect(try database.value("SELECT count(*) FROM nofx.migrations") == newest + 1)
    }

    @Test func `a session that ends during a migration leaves nothing, and the next run completes it`() throws {
        let database = try TestDatabase(migrated: false)
        let sleeping = Migration.all + [migration("SELECT pg_sleep(3600)")]
        let call = TestThread { database.refusal(of: sleeping) }
        try database.terminateSleeper()
        #expect(call.join() == "unanswered: 57P01")
        #expect(try database.hasSchema == false)
        #expect(try database.migrator { try Migrate.call("{}", in: &$0) }.applied.count == newest)
    }

    @Test(arguments: ["SQL_ASCII", "LATIN1"])
    func `a database whose encoding is not UTF-8 is rejected`(_ encoding: String) throws {
        let database = try TestDatabase(migrated: false, encoding: encoding)
        #expect(database.refusal(of: Migration.all) == "503 database_encoding")
        #expect(try database.hasSchema == false)
    }

    @Test(arguments: [#""nobody-has-this-name""#, #""x; DROP SCHEMA nofx""#, #""\"""#])
    func `a missing role is rejected and nothing is changed`(_ role: String) throws {
        let database = try TestDatabase(migrated: false)
        let problem = #expect(throws: Problem.self) {
            try database.migrator { try Migrate.call(#"{"grantTo":\#(role)}"#, in: &$0) }
        }
        #expect(problem?.status == 422)
        #expect(problem?.code == "validation_failed")
        #expect(problem?.violations.map(\.field) == ["grantTo"])
        #expect(try database.hasSchema == false)
    }

    @Test func `rights can be granted to a role later and again`() throws {
        let database = try TestDatabase(migrated: false)
        try database.migrator { _ = try Migrate.call("{}", in: &$0) }
        let input = #"{"name":"Acme"}"#
        #expect(database.refusal(of: CreateTeam.self, input, as: .stranger()) != nil)
        for _ in 0..<2 {
            try database.migrator { _ = try Migrate.call(#"{"grantTo":"nofx_test_app"}"#, in: &$0) }
            #expect(database.refusal(of: CreateTeam.self, input, as: .stranger()) == nil)
        }
    }

    @Test(arguments: [
        #"{"dryRun":"yes"}"#, #"{"dryRun":1}"#, #"{"grantTo":""}"#, #"{"grantTo":["x"]}"#, #"{"to":1}"#, "[]",
    ])
    func `an invalid input is rejected`(_ input: String) throws {
        let database = try TestDatabase(migrated: false)
        let problem = #expect(throws: Problem.self) { try database.migrator { try Migrate.call(input, in: &$0) } }
        #expect(problem?.status == 422)
        #expect(try database.hasSchema == false)
    }

    private func migration(_ script: String) -> Migration {
        Migration(Int32(newest + 1), "next", Array("-- min-compatible: 1\n\(script)".utf8))
    }
}

extension TestDatabase {
    /// Whether anything of a migration exists.
    fileprivate var hasSchema: Bool {
        get throws { try value("SELECT to_regnamespace('nofx') IS NOT NULL") }
    }

    /// Runs a body with the context of an operator who owns the database.
    fileprivate func migrator<Output>(_ body: (inout Context) throws -> Output) throws -> Output {
        var context = Context(
            origin: Origin(requestID: "test"),
            deadline: .test,
            log: .silent,
            database: Database(at: try ConnectionString(ownerURL))
        )
        return try body(&context)
    }

    /// The refusal of a migration history; nil if it is accepted.
    fileprivate func refusal(of migrations: [Migration]) -> String? {
        do {
            _ = try migrator { try Migrator(migrations).run(.init(), in: &$0) }
            return nil
        } catch let error as PostgresError {
            return error.state.map { "unanswered: \($0.rawValue)" }
        } catch {
            return Refusal(error).description
        }
    }
}
