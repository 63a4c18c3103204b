import Base
import Postgres
import TestSupport
import Testing

/// `migrate` can be run by any user who can start the process.
struct MigrateTests {
    @Test func `no web event can start a migration`() throws {
        let database = try TestDatabase(migrated: false)
        let function = TestFunction("migrate", database: database.ownerURL, token: Tokens.signed())
        let headers = ["authorization": "Bearer \(Tokens.signed())"]
        try expectProblem(try function.run(Events.envelope("{}", headers: headers)), 403, "operator_only", exit: 77)
        for event in Events.allHTTP("{}", headers: headers) {
            let outcome = try function.run(event)
            let answer = try outcome.json()
            #expect(outcome.status == 0)
            #expect(answer["statusCode"]?.integer == 403)
            expectProblem(try JSONDocument(parsing: answer["body"]?.stringBytes ?? []).root, 403, "operator_only")
        }

        #expect(try database.value("SELECT to_regnamespace('nofx') IS NULL", as: Bool.self))
    }

    @Test(arguments: ["REQUEST_METHOD", "GATEWAY_INTERFACE", "HTTP_HOST", "fprocess", "Http_Method"])
    func `a process that a web server started does not migrate`(variable: String) throws {
        let database = try TestDatabase(migrated: false)
        let function = TestFunction("migrate", database: database.ownerURL, environment: [variable: "x"])

        try expectProblem(try function.run("{}"), 403, "operator_only", exit: 77)
        #expect(try database.value("SELECT to_regnamespace('nofx') IS NULL", as: Bool.self))
    }

    @Test func `migrate prints its plan, executes it, and then has nothing to do`() throws {
        let database = try TestDatabase(migrated: false)
        let function = TestFunction("migrate", database: database.ownerURL)
        let dry = try function.run(#"{"dryRun":true}"#)
        #expect(try dry.json()["applied"]?.count ?? 0 > 0)
        #expect(try database.value("SELECT to_regnamespace('nofx') IS NULL", as: Bool.self))

        let wet = try function.run("{}")
        #expect(wet.status == 0)
        #expect(try wet.json()["applied"]?.count == dry.json()["applied"]?.count)
        #expect(try function.run("{}").json()["applied"]?.count == 0)
    }

    @Test func `migrate does not change a newer database`() throws {
        let database = try TestDatabase()
        try database.rows(
            """
            INSERT INTO nofx.migrations (version, name, checksum, min_compatible)
            SELECT max(version) + 1, 'later', decode(repeat('00', 32), 'hex'), 1 FROM nofx.migrations
            """
        )

        try expectProblem(
            try TestFunction("migrate", database: database.ownerURL).run("{}"),
            409,
            "database_newer",
            exit: 73
        )
    }

    @Test func `the functions' role cannot migrate`() throws {
        let database = try TestDatabase(migrated: false)
        let outcome = try TestFunction("migrate", database: database.url).run("{}")

        try expectProblem(outcome, 503, "misconfigured", exit: 78)
        #expect(try database.value("SELECT to_regnamespace('nofx') IS NULL", as: Bool.self))
    }

    @Test func `migrate creates the roles, with which functions and operator tools work`() throws {
        let database = try TestDatabase(migrated: false)
        let suffix = UUID.v7().description.replacing("-", with: "")
        let (app, operating) = ("test_app_\(suffix)", "test_op_\(suffix)")
        let outcome = try TestFunction("migrate", database: database.ownerURL)
            .run(#"{"grantTo":"\#(app)","grantOperatorTo":"\#(operating)","createRoles":true}"#)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try outcome.json()["createdRoles"]?.elements.map(\.string) == [app, operating])

        let url = database.url.replacing("nofx_test_app", with: app)
        let created = try TestFunction("createTeam", database: url, token: Tokens.signed()).run(#"{"name":"Acme"}"#)
        #expect(created.status == 0, "\(created)")
        let purged = try TestFunction("purge", database: url.replacing(app, with: operating)).run("{}")
        #expect(purged.status == 0, "\(purged)")
    }

    @Test func `a role that bypasses row-level security is rejected with the field's name`() throws {
        let database = try TestDatabase(migrated: false)
        let own: String = try database.value("SELECT current_user::text")
        let outcome = try TestFunction("migrate", database: database.ownerURL).run(#"{"grantTo":"\#(own)"}"#)

        try expectProblem(outcome, 422, "validation_failed", exit: 65)
        #expect(try outcome.json()["errors"]?.elements.map { $0["field"]?.string } == ["grantTo"])
        #expect(try database.value("SELECT to_regnamespace('nofx') IS NULL", as: Bool.self))
    }
}
