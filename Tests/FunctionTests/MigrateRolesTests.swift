import Base
import Core
import Postgres
import TestSupport
import Testing
@testable import Operations
@testable import Notifications

@testable import Migrations
@testable import Teams
@testable import nofx

@Suite struct MigrateRolesTests {
    @Test func `missing roles are created with the right to log in and no other attributes`() throws {
        let database = try TestDatabase(migrated: false)
        let (app, operating) = (RoleNames.make(), RoleNames.make())
        let event = #"{"grantTo":"\#(app)","grantOperatorTo":"\#(operating)","createRoles":true}"#
        let dry = try database.migrating(event.replacing("{", with: #"{"dryRun":true,"#))
        #expect(dry.createdRoles == [app, operating])
        #expect(try database.value("SELECT count(*) FROM pg_roles WHERE rolname IN (\(app), \(operating))") == 0)
        let report = try database.migrating(event)
        #expect(report.createdRoles == [app, operating])
        let fit: [Bool] = try database.value(
            """
            SELECT array_agg(rolcanlogin AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolinherit
                                                  OR rolreplication) AND rolpassword IS NULL)
            FROM pg_authid WHERE rolname IN (\(app), \(operating))
            """
        )
        #expect(fit == [true, true])
        #expect(try database.migrating(event).createdRoles == [])
    }

    @Test func `the created roles can do their work`() throws {
        let database = try TestDatabase(migrated: false)
        let (app, operating) = (RoleNames.make(), RoleNames.make())
        try database.migrating(#"{"grantTo":"\#(app)","grantOperatorTo":"\#(operating)","createRoles":true}"#)
        var context = try database.context(as: app)
        context.authenticated(as: .stranger())
        #expect(try CreateTeam.call(#"{"name":"Acme"}"#, in: &context).name.rawValue == "Acme")
        var operatorContext = try database.context(as: operating)
        #expect(try Purge.call("{}", in: &operatorContext).hasMore == false)
    }

    @Test(arguments: [#"we"ird"#, "it's", "Größe", "%I %s", "a b; DROP SCHEMA nofx", "select", "nofx$$"])
    func `a role name may contain special characters`(_ name: String) throws {
        let database = try TestDatabase(migrated: false)
        let role = name + RoleNames.make().suffix(12)
        var json = JSONWriter()
        json.object { json in
            json.member("grantTo", role)
            json.member("createRoles", true)
        }
        let report = try database.migrating(String(decoding: json.bytes, as: UTF8.self))
        #expect(report.createdRoles == [role])
        #expect(try database.value("SELECT has_table_privilege(\(role)::name, 'nofx.teams', 'INSERT')"))
    }

    @Test(arguments: [
        "SUPERUSER", "BYPASSRLS", "CREATEROLE", "IN ROLE member_of_owner", "IN ROLE member_of_superuser",
    ])
    func `a role that bypasses row-level security is rejected`(_ flaw: String) throws {
        let database = try TestDatabase()
        let role = RoleNames.make()
        let owner = try database.makeOwner()
        let clause = flaw.replacing("member_of_owner", with: owner)
            .replacing("member_of_superuser", with: "CURRENT_USER")
        try database.script("CREATE ROLE \(role) \(clause)")
        for field in ["grantTo", "grantOperatorTo"] {
            #expect(database.flawedField(#"{"\#(field)":"\#(role)"}"#) == field)
            #expect(database.flawedField(#"{"\#(field)":"\#(role)","createRoles":true,"dryRun":true}"#) == field)
        }
        let grants: Int = try database.value(
            """
            SELECT count(*) FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
            WHERE n.nspname = 'nofx' AND r.rolname = \(role)
            """
        )
        #expect(grants == 0)
    }

    @Test func `the owner of the tables is rejected as a role, even before the tables exist`() throws {
        let database = try TestDatabase()
        let owner = try database.makeOwner()
        #expect(database.flawedField(#"{"grantTo":"\#(owner)"}"#) == "grantTo")
        let empty = try TestDatabase(migrated: false)
        let own: String = try empty.value("SELECT current_user::text")
        #expect(empty.flawedField(#"{"grantOperatorTo":"\#(own)"}"#) == "grantOperatorTo")
        #expect(try empty.value("SELECT to_regnamespace('nofx') IS NULL"))
    }

    @Test func `the operator role and the functions' role must differ`() throws {
        let database = try TestDatabase()
        let both = RoleNames.make()
        let event = #"{"grantTo":"\#(both)","grantOperatorTo":"\#(both)","createRoles":true}"#
        #expect(database.flawedField(event) == "grantOperatorTo")
        #expect(database.flawedField(#"{"grantTo":"nofx_test_operator"}"#) == "grantTo")
        #expect(database.flawedField(#"{"grantOperatorTo":"nofx_test_app"}"#) == "grantOperatorTo")
        let member = RoleNames.make()
        try database.script("CREATE ROLE \(member) IN ROLE nofx_test_operator")
        #expect(database.flawedField(#"{"grantTo":"\#(member)"}"#) == "grantTo")
    }

    @Test(arguments: ["pg_monitor", "public", "none", String(repeating: "ä", count: 32)])
    func `a role name that Postgres reserves or would truncate is rejected`(_ name: String) throws {
        let database = try TestDatabase(migrated: false)
        #expect(database.flawedField(#"{"grantTo":"\#(name)","createRoles":true}"#) == "grantTo")
        #expect(try database.value("SELECT to_regnamespace('nofx') IS NULL"))
    }

    @Test func `without role fields migrate creates no role`() throws {
        let database = try TestDatabase(migrated: false)
        #expect(database.flawedField(#"{"grantOperatorTo":"\#(RoleNames.make())"}"#) == "grantOperatorTo")
        let event = #"{"grantTo":"\#(RoleNames.make())","grantOperatorTo":"\#(RoleNames.make())","createRoles":false}"#
        let problem = #expect(throws: Problem.self) { try database.migrating(event) }
        #expect(problem?.violations.map(\.field) == ["grantOperatorTo", "grantTo"])
    }

    @Test func `a role with the previous version's grants gets the current ones, and a read-only role does not`()
        throws
    {
        let database = try TestDatabase(migrated: false)
        let (app, operating, reader) = (RoleNames.make(), RoleNames.make(), RoleNames.make())
        try database.script("CREATE ROLE \(app) LOGIN; CREATE ROLE \(operating) LOGIN; CREATE ROLE \(reader)")
        let event = #"{"grantTo":"\#(app)","grantOperatorTo":"\#(operating)"}"#
        let fewer = DatabaseFile(
            "grants",
            Array(
                """
                -- revision: 0
                DELETE FROM nofx.database_grants;
                INSERT INTO nofx.database_grants (kind, object, rights) VALUES ('app', 'TABLE nofx.rate_limits', 'DELETE');
                """.utf8
            )
        )
        try database.migrating(event, files: DatabaseFile.all.dropLast() + [fewer])
        #expect(try database.value("SELECT has_table_privilege(\(app)::name, 'nofx.rate_limits', 'DELETE')"))
        #expect(try database.value("SELECT has_table_privilege(\(app)::name, 'nofx.api_keys', 'INSERT')") == false)
        try database.script("GRANT USAGE ON SCHEMA nofx TO \(reader); GRANT SELECT ON nofx.teams TO \(reader)")

        #expect(try database.migrating("{}").functions == ["grants"])
        #expect(try database.value("SELECT has_table_privilege(\(app)::name, 'nofx.rate_limits', 'DELETE')") == false)
        #expect(try database.value("SELECT has_table_privilege(\(app)::name, 'nofx.api_keys', 'INSERT')"))
        #expect(try database.value("SELECT has_table_privilege(\(reader)::name, 'nofx.teams', 'INSERT')") == false)
        var context = try database.context(as: app)
        context.authenticated(as: .stranger(isOperator: true))
        #expect(throws: Never.self) { _ = try CreateTeam.call(#"{"name":"Acme"}"#, in: &context) }
        #expect(throws: Never.self) {
            _ = try ResetBreaker.call(#"{"name":"openai","action":"disable"}"#, in: &context)
        }
        var operatorContext = try database.context(as: operating)
        let purged = try Purge.call("{}", in: &operatorContext)
        #expect([.attempts, .runs, .deadJobs].allSatisfy { purged.counts[$0] == 0 })
        #expect(try database.value("SELECT has_table_privilege(\(app)::name, 'nofx.runs', 'SELECT')"))
        #expect(try database.value("SELECT has_table_privilege(\(operating)::name, 'nofx.circuit_breakers', 'SELECT')"))
        #expect(try database.value("SELECT has_table_privilege(\(app)::name, 'nofx.ai_attempts', 'SELECT')") == false)
    }
}

/// Names for roles.
///
/// All databases of a cluster share them.
private enum RoleNames {
    static func make() -> String {
        "test_" + UUID.v7().description.replacing("-", with: "")
    }
}

extension TestDatabase {
    /// Runs `migrate` as the database's superuser.
    @discardableResult
    fileprivate func migrating(
        _ event: String,
        files: [DatabaseFile]? = nil
    ) throws -> Migrator.Report {
        var context = try context(at: ownerURL)
        guard let files else { return try Migrate.call(event, in: &context) }
        let request = try Migrator.Request(input: JSONDocument(parsing: Array(event.utf8)).root)
        return try Migrator(Migration.all, files: files).run(request, in: &context)
    }

    /// The one field for which an input is rejected.
    fileprivate func flawedField(_ event: String) -> String? {
        do {
            try migrating(event)
            return nil
        } catch let problem as Problem where problem.violations.count == 1 {
            return problem.violations[0].field
        } catch {
            return "\(error)"
        }
    }

    /// Creates a role that owns a table of the schema.
    fileprivate func makeOwner() throws -> String {
        let owner = RoleNames.make()
        try script("CREATE ROLE \(owner); ALTER TABLE nofx.key_sets OWNER TO \(owner)")
        return owner
    }

    /// Runs statements without parameters, as the superuser.
    fileprivate func script(_ sql: String) throws {
        var connection = try connect()
        try connection.transaction(deadline: .test) { try $0.runScript(sql) }
    }

    fileprivate func context(as role: String) throws -> Context {
        try context(at: url.replacing("user=nofx_test_app", with: "user=\(role)"))
    }

    private func context(at url: String) throws -> Context {
        Context(
            origin: Origin(requestID: "test"),
            deadline: .test,
            log: .silent,
            database: Database(at: try ConnectionString(url))
        )
    }
}
