import Base
import Postgres
import TestSupport
import Testing

/// A database that is down, empty, too new or faulty.
struct DatabaseTroubleTests {
    private let input = #"{"name":"Acme"}"#

    // Cases: teams 25
    @Test(arguments: [
        "host=127.0.0.1 port=1 user=app password=hunter2", "postgres://app:hunter2@127.0.0.1:1/nofx",
        "host=/tmp/no-such-folder user=app password=hunter2", "host=no-such-host.invalid user=app password=hunter2",
    ])
    func `a database that is down is 503 with Retry-After`(url: String) throws {
        let token = try TestFunction.token(for: Tokens.subject)
        let outcome = try TestFunction("createTeam", database: url, token: token).run(input)

        try expectProblem(outcome, 503, "unavailable", exit: 75)
        #expect(try outcome.json()["retryAfter"]?.integer == 1)
        #expect(try outcome.log("database.failed").count == 1)
    }

    @Test func `a call that is rejected before it needs the database does not connect to it`() throws {
        let down = "host=127.0.0.1 port=1 user=app"
        let token = try TestFunction.token(for: Tokens.subject)

        try expectProblem(
            try TestFunction("createTeam", database: down, token: token).run("{"),
            400,
            "malformed_json",
            exit: 65
        )
        try expectProblem(
            try TestFunction("createTeam", database: down).run(input),
            401,
            "unauthenticated",
            exit: 77
        )
        try expectProblem(
            try TestFunction("createTeam", database: down, token: token).run("{}"),
            422,
            "validation_failed",
            exit: 65
        )
    }

    @Test(arguments: ["createTeam", "listTeams"])
    func `a database without the schema is 503 for an operator to fix`(name: String) throws {
        let database = try TestDatabase(migrated: false)
        let outcome = try database.function(name, as: Tokens.subject).run(name == "createTeam" ? input : "{}")

        try expectProblem(outcome, 503, "database_not_migrated", exit: 78)
        #expect(try database.value("SELECT to_regnamespace('nofx') IS NULL", as: Bool.self))
    }

    @Test(arguments: ["createTeam", "listTeams"])
    func `a database with a newer schema is 503 for an operator to fix`(name: String) throws {
        let database = try TestDatabase()
        try addMigration(to: database, minCompatible: 99)
        let outcome = try database.function(name, as: Tokens.subject).run(name == "createTeam" ? input : "{}")

        try expectProblem(outcome, 503, "database_incompatible", exit: 78)
        #expect(try database.rowCount() == 0)
    }

    @Test func `a database with a newer, compatible schema is accepted`() throws {
        let database = try TestDatabase()
        try addMigration(to: database, minCompatible: 1)

        #expect(try database.function("createTeam", as: Tokens.subject).run(input).status == 0)
    }

    // Cases: teams 157
    @Test func `the text of a database error appears only in the log`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the value password123 of table secrets';
            END
            $$
            """
        )
        try database.rows("CREATE TRIGGER fail BEFORE INSERT ON nofx.teams FOR EACH ROW EXECUTE FUNCTION fail()")
        let outcome = try database.function("createTeam", as: Tokens.subject).run(input)

        try expectProblem(outcome, 500, "internal", exit: 70)
        #expect(!outcome.output.contains("password123") && !outcome.output.contains("secrets"))
        #expect(try outcome.log("database.failed").first?["error"]?.string?.contains("password123") == true)
        let requestID = try outcome.json()["requestId"]?.string
        #expect(try outcome.log("database.failed").first?["requestId"]?.string == requestID)
        #expect(try database.rowCount() == 0)
    }

    @Test func `a statement that waits too long for a lock is 503 and changes nothing`() throws {
        let database = try TestDatabase()
        _ = try database.makeTeam(as: Tokens.subject)
        var connection = try database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.users FOR UPDATE")
            let outcome = try database.function("createTeam", as: Tokens.subject).run(input)
            try expectProblem(outcome, 503, "busy", exit: 75)
        }

        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 1)
    }

    @Test func `a call ends at its deadline, even if the database hangs`() throws {
        let database = try TestDatabase()
        _ = try database.makeTeam(as: Tokens.subject)
        var connection = try database.connect()
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("SELECT FROM nofx.users FOR UPDATE")
            let environment = ["NOFX_TIMEOUT_MS": "300"]
            let outcome = try database.function("createTeam", as: Tokens.subject, environment: environment).run(input)
            #expect(try outcome.json()["status"]?.integer == 503)
            #expect(outcome.status == 75)
            try expectNoInternals(outcome)
        }

        #expect(try database.value("SELECT count(*) FROM nofx.teams", as: Int.self) == 1)
    }

    private func addMigration(to database: TestDatabase, minCompatible: Int) throws {
        try database.rows(
            """
            INSERT INTO nofx.migrations (version, name, checksum, min_compatible)
            SELECT max(version) + 1, 'later', decode(repeat('00', 32), 'hex'), \(minCompatible)::bigint::integer
            FROM nofx.migrations
            """
        )
    }
}
