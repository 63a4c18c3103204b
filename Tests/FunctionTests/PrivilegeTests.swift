import HTTPClient
import Postgres
import System
import TestSupport
import Testing

/// The effective rights of both kinds of roles, against the list in `Database/privileges.txt`.
///
/// `NOFX_UPDATE_PRIVILEGES=1 scripts/test --filter PrivilegeTests` writes the list anew.
@Suite struct PrivilegeTests {
    @Test func `the rights of both roles are those of the committed list`() throws {
        let difference = try difference(in: TestDatabase())
        #expect(difference.isEmpty, "Database/privileges.txt is not up to date:\n\(difference)")
    }

    @Test func `a function without a grant is closed to both roles, and one that is opened shows in the list`() throws {
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
        #expect(try difference(in: database).isEmpty)

        try database.rows("GRANT EXECUTE ON FUNCTION nofx.added() TO nofx_test_app")
        #expect(try difference(in: database).contains("\n+app function nofx.added() EXECUTE\n"))
        // The next migration takes back what the allow-list does not have.
        try database.rows("SELECT nofx.grant_all_rights()")
        #expect(try difference(in: database).isEmpty)
    }

    /// How the rights in a database differ from the list, as `diff` says it; empty where they do not.
    private func difference(in database: TestDatabase) throws -> String {
        let list = PythonServer.path(inPackage: "Database/privileges.txt")
        let query = PythonServer.path(inPackage: "Tests/Support/privileges.sql")
        let isUpdate = Environment.current()["NOFX_UPDATE_PRIVILEGES"] == "1"
        let script = """
            set -e
            rights=$(psql -qAtX -v ON_ERROR_STOP=1 -v app=nofx_test_app -v operator=nofx_test_operator -d "$1" -f "$2")
            if [ "$4" = true ]; then printf '%s\\n' "$rights" >"$3"; fi
            printf '%s\\n' "$rights" | diff -U 0 "$3" - || true
            """
        let outcome = try Subprocess(
            "sh",
            ["-c", script, "sh", database.ownerURL, query, list, "\(isUpdate)"],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        ).finish()
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
    }
}
