import Base
import Core
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import nofx
@testable import Migrations
@testable import Teams

/// The files of functions, policies and grants, which are applied again after a change.
@Suite struct MigrateFilesTests {
    @Test func `a changed file is applied alone and once`() throws {
        let database = try TestDatabase()
        let files = try DatabaseFile.all.replacing(
            "functions/teams",
            with: "CREATE OR REPLACE FUNCTION nofx.role_rank(p_role text) RETURNS integer LANGUAGE sql AS 'SELECT 7'"
        )
        let dry = try database.migrate(files, isDryRun: true)
        #expect(dry.functions == ["functions/teams"] && dry.applied.isEmpty)
        #expect(try database.value("SELECT nofx.role_rank('viewer')") == 1)
        let report = try database.migrate(files)
        #expect(report.functions == ["functions/teams"] && report.applied.isEmpty)
        #expect(try database.value("SELECT nofx.role_rank('viewer')") == 7)
        #expect(try database.migrate(files).functions.isEmpty)
    }

    @Test func `an older program changes nothing, and a changed file of the same revision is applied`() throws {
        let database = try TestDatabase()
        let newer = try DatabaseFile.all.replacing("functions/teams", with: "-- newer")
        let more = DatabaseFile.all + [DatabaseFile("functions/more", Array("-- revision: 1\n".utf8))]
        try database.migrate(newer)
        #expect(database.refusal(of: DatabaseFile.all) == "409 database_newer")
        let other = try newer.replacing(
            "functions/teams",
            with: "-- other",
            revision: newer.revision(of: "functions/teams")
        )
        #expect(try database.migrate(other).functions == ["functions/teams"])
        #expect(database.refusal(of: DatabaseFile.all) == "409 database_newer")
        let unknown = try TestDatabase()
        try unknown.migrate(more)
        #expect(unknown.refusal(of: DatabaseFile.all) == "409 database_newer")
    }

    @Test func `a function can be removed, and another can change its result type`() throws {
        let database = try TestDatabase()
        let added = try DatabaseFile.all.replacing(
            "functions/teams",
            with: """
                CREATE OR REPLACE FUNCTION nofx.old(p integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
                CREATE OR REPLACE FUNCTION nofx.changed() RETURNS integer LANGUAGE sql AS 'SELECT 1'
                """
        )
        try database.migrate(added)
        let removed = try added.replacing(
            "functions/teams",
            with: """
                -- removes: nofx.old(integer)
                -- removes: nofx.changed()
                CREATE OR REPLACE FUNCTION nofx.changed() RETURNS text LANGUAGE sql AS $$SELECT 'two'$$
                """
        )
        try database.migrate(removed)
        #expect(try database.value("SELECT to_regprocedure('nofx.old(integer)') IS NULL"))
        #expect(try database.value("SELECT nofx.changed()") == "two")
        // A database that never had the functions needs no removal.
        let fresh = try TestDatabase()
        try fresh.migrate(removed)
        #expect(try fresh.value("SELECT nofx.changed()") == "two")
    }

    @Test func `a failing file rolls everything back`() throws {
        let database = try TestDatabase()
        let before: [String] = try database.value(
            "SELECT array_agg(name || revision ORDER BY name) FROM nofx.database_files"
        )
        let files = try DatabaseFile.all
            .replacing("functions/access", with: "CREATE TABLE nofx.more ()")
            .replacing("functions/teams", with: "SELECT 1/0")
        #expect(database.refusal(of: files)?.contains("22012") == true)
        #expect(try database.value("SELECT to_regclass('nofx.more') IS NULL"))
        let after: [String] = try database.value(
            "SELECT array_agg(name || revision ORDER BY name) FROM nofx.database_files"
        )
        #expect(after == before)
    }

    @Test func `functions change while calls are running, and no call fails`() throws {
        let database = try TestDatabase()
        let progress = Progress()
        let callers = (0..<2).map { _ in TestThread<[String]> { progress.call(database) } }
        let old = TestThread<[String]> { progress.callAsOldProgram(database) }
        defer { progress.isOver.store(true, ordering: .relaxed) }

        var files = DatabaseFile.all
        for round in 0..<6 {
            let (calls, entries) = (progress.calls.load(ordering: .relaxed), progress.entries.load(ordering: .relaxed))
            // Forward with a changed text, and back to the previous text.
            for name in ["functions/access", "functions/audit", "functions/teams", "policies", "grants"] {
                let suffix = round.isMultiple(of: 2) ? "\n-- round \(round)\n" : ""
                files = try files.replacing(name, with: DatabaseFile.all.script(of: name) + suffix)
            }
            #expect(try database.migrate(files).functions.count == 5)
            while progress.calls.load(ordering: .relaxed) < calls + 4
                || progress.entries.load(ordering: .relaxed) < entries + 4
            {}
        }
        progress.isOver.store(true, ordering: .relaxed)
        #expect(callers.flatMap { $0.join() } == [])
        #expect(old.join() == [])
    }
}

/// The counters of threads that run during migrations.
private final class Progress: Sendable {
    let isOver = Atomic(false)
    let calls = Atomic(0)
    let entries = Atomic(0)

    /// Calls endpoints until the end.
    ///
    /// - Returns: The refusals of calls.
    func call(_ database: TestDatabase) -> [String] {
        var failures: [String] = []
        while !isOver.load(ordering: .relaxed) {
            let caller = Caller.stranger()
            do {
                let team = try database.call(CreateTeam.self, #"{"name":"Acme"}"#, as: caller)
                try database.call(GetTeam.self, #"{"teamId":"\#(team.id)"}"#, as: caller)
            } catch {
                failures.append(Refusal(error).description)
            }
            calls.add(1, ordering: .relaxed)
        }
        return failures
    }

    /// Opens callers' transactions as a program of the first version does, over one connection, until the end.
    ///
    /// - Returns: The errors of transactions.
    func callAsOldProgram(_ database: TestDatabase) -> [String] {
        var failures: [String] = []
        let user = UUID.v7()
        do {
            var connection = try Connection(ConnectionString(database.url), deadline: .test, log: .silent)
            while !isOver.load(ordering: .relaxed) {
                do {
                    _ = try connection.transact(
                        [
                            "SELECT nofx.enter(1, \(user), 'i', \(user.description), NULL, NULL)",
                            "SELECT count(*) FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id",
                            "SELECT nofx.log_denial(NULL, 'team.update', 'tests', NULL, NULL, NULL)",
                        ],
                        deadline: .test
                    )
                } catch {
                    failures.append("\(error)")
                }
                entries.add(1, ordering: .relaxed)
            }
        } catch {
            failures.append("\(error)")
        }
        return failures
    }
}

extension [DatabaseFile] {
    fileprivate struct Missing: Error {}

    /// The files with a changed text for one of them, with a later revision or the given one.
    fileprivate func replacing(_ name: String, with script: String, revision: Int32? = nil) throws -> Self {
        let number = try revision ?? self.revision(of: name) + 1
        let file = DatabaseFile(name, [UInt8]("-- revision: \(number)\n\(script)\n".utf8))
        return map { $0.name == name ? file : $0 }
    }

    fileprivate func revision(of name: String) throws -> Int32 {
        guard let file = first(where: { $0.name == name }) else { throw Missing() }
        return file.revision
    }

    /// A file's statements, without the line with its revision.
    fileprivate func script(of name: String) throws -> String {
        guard let file = first(where: { $0.name == name }) else { throw Missing() }
        return String(file.script.drop { $0 != "\n" })
    }
}

extension TestDatabase {
    /// Runs the migrator with other files.
    @discardableResult
    fileprivate func migrate(_ files: [DatabaseFile], isDryRun: Bool = false) throws -> Migrator.Report {
        var context = Context(
            origin: Origin(requestID: "test"),
            deadline: .test,
            log: .silent,
            database: Database(at: try ConnectionString(ownerURL))
        )
        return try Migrator(Migration.all, files: files).run(.init(isDryRun: isDryRun), in: &context)
    }

    /// The refusal of files; nil if they are accepted.
    fileprivate func refusal(of files: [DatabaseFile]) -> String? {
        do {
            try migrate(files)
            return nil
        } catch let error as PostgresError {
            return error.state.map { "unanswered: \($0.rawValue)" }
        } catch {
            return Refusal(error).description
        }
    }
}
