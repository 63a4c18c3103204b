import Base
import Postgres
import Testing

@Suite struct TransactionTests {
    private struct Refusal: Error, Equatable {
        let reason: String
    }

    /// A connection and a new, empty table.
    private static func connection(table script: String) throws -> Connection {
        let database = try TestDatabase()
        try database.run(script)
        return try database.connect()
    }

    @Test func `a body that returns is committed`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_commit; CREATE TABLE transaction_commit (n int8)"
        )
        let number: Int = try connection.transaction(deadline: .test) { transaction in
            try transaction.run("INSERT INTO transaction_commit VALUES (1)")
            return try transaction.run("SELECT count(*) FROM transaction_commit").value()
        }
        #expect(number == 1)
        #expect(try connection.value("SELECT count(*) FROM transaction_commit") == 1)
    }

    @Test func `a body that throws is rolled back and its error passes unchanged`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_throw; CREATE TABLE transaction_throw (n int8)"
        )
        #expect(throws: Refusal(reason: "no")) {
            try connection.transaction(deadline: .test) { transaction in
                try transaction.run("INSERT INTO transaction_throw VALUES (1)")
                throw Refusal(reason: "no")
            }
        }
        #expect(try connection.checked())
        #expect(try connection.value("SELECT count(*) FROM transaction_throw") == 0)
    }

    @Test func `a transaction with an ignored error is not committed`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_swallow; CREATE TABLE transaction_swallow (n int8)"
        )
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(deadline: .test) { transaction in
                try transaction.run("INSERT INTO transaction_swallow VALUES (1)")
                _ = try? transaction.run("SELECT 1 / 0")
            }
        }
        #expect(error?.kind == .server)
        #expect(error?.state == .inFailedTransaction)
        #expect(try connection.checked())
        #expect(try connection.value("SELECT count(*) FROM transaction_swallow") == 0)
    }

    @Test func `the error type is that of the body`() throws {
        var connection = try TestDatabase().connect()
        do throws(PostgresError) {
            try connection.transaction(deadline: .test) { transaction throws(PostgresError) in
                _ = try transaction.run("SELECT 1 / 0")
            }
            Issue.record("a division by zero went unnoticed")
        } catch {
            #expect(error.state == SQLState(rawValue: "22012"))
        }
    }

    @Test func `a body without statements sends nothing`() throws {
        var connection = try TestDatabase().connect()
        let before = connection.idleTime
        #expect(try connection.transaction(deadline: .test) { _ in 7 } == 7)
        let after = connection.idleTime
        #expect(after > before)
    }

    @Test func `a transaction that was ended by a statement accepts no more statements`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_over; CREATE TABLE transaction_over (n int8)"
        )
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(deadline: .test) { transaction in
                try transaction.run("ROLLBACK")
                try transaction.run("INSERT INTO transaction_over VALUES (1)")
            }
        }
        #expect(error?.state == .noActiveTransaction)
        #expect(try connection.value("SELECT count(*) FROM transaction_over") == 0)
    }

    @Test func `statements can be sent in one round trip`() throws {
        var connection = try TestDatabase().connect()
        let numbers = try connection.transaction(deadline: .test) { transaction in
            try transaction.run(["SELECT 1", "SELECT \(2)"]).map { try $0.value(as: Int.self) }
        }
        #expect(numbers == [1, 2])
    }

    @Test func `first and all decode rows`() throws {
        var connection = try TestDatabase().connect()
        try connection.transaction(deadline: .test) { transaction in
            let first: Number? = try transaction.first("SELECT generate_series(4, 6)::int8")
            #expect(first?.value == 4)
            #expect(
                try transaction.all("SELECT generate_series(4, 6)::int8", as: Number.self).map(\.value) == [4, 5, 6]
            )
            #expect(try transaction.first("SELECT 1 WHERE false", as: Number.self) == nil)
        }
    }

    @Test func `a failing savepoint is rolled back alone`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_part; CREATE TABLE transaction_part (n int8)"
        )
        try connection.transaction(deadline: .test) { transaction in
            try transaction.run("INSERT INTO transaction_part VALUES (1)")
            #expect(throws: PostgresError.self) {
                try transaction.savepoint { part in
                    try part.run("INSERT INTO transaction_part VALUES (2)")
                    try part.run("SELECT 1 / 0")
                }
            }
            #expect(throws: Refusal(reason: "no")) {
                try transaction.savepoint { part in
                    try part.run("INSERT INTO transaction_part VALUES (3)")
                    throw Refusal(reason: "no")
                }
            }
            try transaction.savepoint { try $0.run("INSERT INTO transaction_part VALUES (4)") }
        }
        #expect(try connection.value("SELECT array_agg(n ORDER BY n) FROM transaction_part") == [1, 4])
    }

    @Test func `an error ignored in a savepoint rolls the savepoint back`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_hidden; CREATE TABLE transaction_hidden (n int8)"
        )
        try connection.transaction(deadline: .test) { transaction in
            let error = #expect(throws: PostgresError.self) {
                try transaction.savepoint { part in
                    try part.run("INSERT INTO transaction_hidden VALUES (1)")
                    _ = try? part.run("SELECT 1 / 0")
                }
            }
            #expect(error?.state == .inFailedTransaction)
            try transaction.run("INSERT INTO transaction_hidden VALUES (2)")
        }
        #expect(try connection.value("SELECT array_agg(n ORDER BY n) FROM transaction_hidden") == [2])
    }

    @Test func `savepoints can be nested`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_nested; CREATE TABLE transaction_nested (n int8)"
        )
        try connection.transaction(deadline: .test) { transaction in
            try transaction.savepoint { outer in
                try outer.run("INSERT INTO transaction_nested VALUES (1)")
                try? outer.savepoint { inner in
                    try inner.run("INSERT INTO transaction_nested VALUES (2)")
                    throw Refusal(reason: "inner")
                }
                try outer.savepoint { try $0.run("INSERT INTO transaction_nested VALUES (3)") }
                try outer.savepoint { _ in }
            }
            try? transaction.savepoint { outer in
                try outer.savepoint { try $0.run("INSERT INTO transaction_nested VALUES (4)") }
                throw Refusal(reason: "outer")
            }
            try? transaction.savepoint { _ in throw Refusal(reason: "nothing was sent") }
        }
        #expect(try connection.value("SELECT array_agg(n ORDER BY n) FROM transaction_nested") == [1, 3])
    }

    @Test func `a failed transaction accepts no new savepoint`() throws {
        var connection = try TestDatabase().connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(deadline: .test) { transaction in
                _ = try? transaction.run("SELECT 1 / 0")
                try transaction.savepoint { try $0.run("SELECT 1") }
            }
        }
        #expect(error?.state == .inFailedTransaction)
        #expect(try connection.checked())
    }

    @Test func `a script is executed completely within its transaction or not at all`() throws {
        var connection = try Self.connection(
            table: "DROP TABLE IF EXISTS transaction_script; CREATE TABLE transaction_script (n int8)"
        )
        try connection.transaction(deadline: .test) { transaction in
            try transaction.runScript(
                "INSERT INTO transaction_script VALUES (1); INSERT INTO transaction_script VALUES (2);"
            )
            #expect(try transaction.run("SELECT count(*) FROM transaction_script").value() == 2)
        }
        for script in ["INSERT INTO transaction_script VALUES (3); SELECT 1 / 0", "SELECT 1; COMMIT; SELECT 2", "a\0b"]
        {
            #expect(throws: PostgresError.self) {
                try connection.transaction(deadline: .test) { try $0.runScript(script) }
            }
            #expect(try connection.checked())
        }
        #expect(try connection.value("SELECT array_agg(n ORDER BY n) FROM transaction_script") == [1, 2])
    }

    @Test func `limits are sent with the first statement`() throws {
        var connection = try TestDatabase().connect()
        let limit: String = try connection.transaction(
            limits: .fromDeadline(lock: .milliseconds(50)),
            deadline: .test
        ) { transaction in
            try transaction.run("SELECT current_setting('lock_timeout')").value()
        }
        #expect(limit == "50ms")
        #expect(try connection.value("SHOW lock_timeout") != "50ms")
    }
}
