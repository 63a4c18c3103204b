import Base
@testable import Postgres
import Testing

/// Statements that the server keeps because `NOFX_PREPARED_STATEMENTS` is 1.
@Suite struct PreparedStatementTests {
    private func connect() throws -> Connection {
        var string = try TestDatabase().string
        string.keepsStatements = true
        return try Connection(string, deadline: .test, log: .silent)
    }

    private func kept(_ connection: inout Connection) throws -> Int64? {
        try connection.value("SELECT count(*) FROM pg_prepared_statements")
    }

    @Test func `a statement is kept when it is sent again, one for each combination of types`() throws {
        var connection = try connect()
        for number in 1...5 as ClosedRange<Int64> {
            let rows = try connection.transact(
                ["SELECT \(number) + \(1 as Int64)", "SELECT length(\("abc"))::int8 + \(number)", "SELECT 1"],
                deadline: .test
            )
            #expect(try rows[0].value() == number + 1)
            #expect(try rows[1].value() == number + 3)
            #expect(try kept(&connection) == (number == 1 ? 0 : 2))
        }
        for _ in 0..<3 {
            let rows = try connection.transact(["SELECT \(2 as Int32) + \(1 as Int32)"], deadline: .test)
            #expect(try rows[0].value() == 3 as Int32)
        }
        #expect(try kept(&connection) == 3)
    }

    @Test func `without the setting nothing is kept`() throws {
        var connection = try TestDatabase().connect()
        for _ in 0..<3 { _ = try connection.transact(["SELECT \(1)"], deadline: .test) }
        #expect(try kept(&connection) == 0)
    }

    @Test func `a failure is that of the statement, and ends neither the session nor what is kept`() throws {
        var connection = try connect()
        for _ in 0..<4 {
            let division = #expect(throws: PostgresError.self) {
                try connection.transact(["SELECT 1 / \(0)"], deadline: .test)
            }
            #expect(division?.state == SQLState(rawValue: "22012"))
            let missing = #expect(throws: PostgresError.self) {
                try connection.transact(["SELECT \(1) FROM no_such_table"], deadline: .test)
            }
            #expect(missing?.state == SQLState(rawValue: "42P01"))
            #expect(try connection.checked())
        }
        #expect(try kept(&connection) == 1)
    }

    @Test func `after a change of the schema a statement fails once at most, and is then prepared anew`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS prepared_change; CREATE TABLE prepared_change (n int8)")
        var connection = try connect()
        for _ in 0..<3 { _ = try connection.transact(["SELECT *, \(1) FROM prepared_change"], deadline: .test) }
        try database.run("ALTER TABLE prepared_change ADD COLUMN text text")
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(["SELECT *, \(1) FROM prepared_change"], deadline: .test)
        }
        #expect(error?.state == SQLState(rawValue: "0A000"))
        for _ in 0..<3 { _ = try connection.transact(["SELECT *, \(1) FROM prepared_change"], deadline: .test) }
        #expect(try connection.checked())
    }
}
