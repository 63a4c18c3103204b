import Postgres
import System
import TestSupport
import Testing

/// The effective privileges of both roles, compared with the list in `Database/privileges.txt`.
///
/// `NOFX_UPDATE_PRIVILEGES=1 scripts/test --filter PrivilegeTests` rewrites the list.
@Suite struct PrivilegeTests {
    @Test func `the privileges of both roles equal the committed list`() throws {
        let isUpdate = Environment.current()["NOFX_UPDATE_PRIVILEGES"] == "1"
        let difference = try difference(in: try TestDatabase(), options: isUpdate ? ["--write"] : [])
        #expect(difference.isEmpty, "Database/privileges.txt is not up to date:\n\(difference)")
    }

    @Test func `a function that no grant lists is closed to both roles, and the list shows it`() throws {
        let database = try TestDatabase()
        try database.rows("CREATE FUNCTION nofx.added() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        try database.rows("SELECT nofx.grant_all_rights()")
        for url in [database.url, database.operatorURL] {
            var connection = try Connection(ConnectionString(url), deadline: .test, log: .silent)
            let error = #expect(throws: PostgresError.self) {
                try connection.transact(["SELECT nofx.added()"], deadline: .test)
            }
            #expect(error?.state == .insufficientPrivilege)
        }
        #expect(try difference(in: database).contains("\n+none function nofx.added() CLOSED\n"))

        try database.rows("GRANT EXECUTE ON FUNCTION nofx.added() TO nofx_test_app")
        #expect(try difference(in: database).contains("\n+app function nofx.added() EXECUTE\n"))
        // The next migration revokes rights that the allow-list does not contain.
        try database.rows("SELECT nofx.grant_all_rights()")
        #expect(try difference(in: database).contains("\n+none function nofx.added() CLOSED\n"))
    }

    /// The difference between the privileges in a database and the list, as `diff` prints it; empty if there is none.
    private func difference(in database: TestDatabase, options: [String] = []) throws -> String {
        let arguments = [database.ownerURL, "nofx_test_app", "nofx_test_operator"]
        let outcome = try PackageScript.run("scripts/privileges", arguments + options)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
    }
}
