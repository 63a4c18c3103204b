import Base
import Postgres
import Testing

/// Transactions that stay open between two round trips.
@Suite struct HeldTests {
    @Test func `a held transaction is invisible until it is committed later`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS held_commit; CREATE TABLE held_commit (n int8)")
        var connection = try database.connect()
        var other = try database.connect()
        let rows = try connection.begin(
            ["INSERT INTO held_commit VALUES (1)", "SELECT count(*) FROM held_commit"],
            limits: .fromDeadline,
            deadline: .test
        )
        #expect(rows.count == 2)
        #expect(try rows[1].value() == 1)
        #expect(try other.value("SELECT count(*) FROM held_commit") == 0)
        try connection.commit(["INSERT INTO held_commit VALUES (2)"], deadline: .test)
        #expect(try other.value("SELECT count(*) FROM held_commit") == 2)
        #expect(try connection.checked())
    }

    @Test func `an error rolls back everything, before the commit and during it`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS held_failure; CREATE TABLE held_failure (n int8)")
        var connection = try database.connect()
        #expect(throws: PostgresError.self) {
            try connection.begin(["INSERT INTO held_failure VALUES (1)", "SELECT 1 / 0"], deadline: .test)
        }
        _ = try connection.begin(["INSERT INTO held_failure VALUES (2)"], deadline: .test)
        #expect(throws: PostgresError.self) { try connection.commit(["SELECT 1 / 0"], deadline: .test) }
        #expect(try connection.value("SELECT count(*) FROM held_failure") == 0)
        #expect(try connection.checked())
    }

    @Test func `the server ends an abandoned transaction and releases its locks`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS held_lock; CREATE TABLE held_lock (n int8)")
        var connection = try database.connect()
        var other = try database.connect()
        _ = try connection.begin(["LOCK TABLE held_lock"], deadline: .after(.milliseconds(500)))
        #expect(try other.value("SELECT count(*) FROM held_lock") == 0)
        let error = #expect(throws: PostgresError.self) { try connection.commit([], deadline: .test) }
        #expect(error != nil && error?.kind != .server)
    }
}
