import Base
@testable import Postgres
import Testing

@Suite struct TransactTests {
    @Test func `all statements are executed`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS transact_all; CREATE TABLE transact_all (n int8)")
        var connection = try database.connect()
        let rows = try connection.transact(
            ["INSERT INTO transact_all VALUES (\(1))", "INSERT INTO transact_all VALUES (\(2)) RETURNING n"],
            deadline: .test
        )
        #expect(rows.count == 2)
        #expect(try rows[1].value() == 2)
        #expect(try connection.value("SELECT count(*) FROM transact_all") == 2)
    }

    @Test func `one error rolls back everything and skips the remaining statements`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS transact_failure; CREATE TABLE transact_failure (n int8)")
        var connection = try database.connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(
                [
                    "INSERT INTO transact_failure VALUES (1)", "SELECT 1 / \(0)",
                    "SELECT setval('no_such_sequence', 1)",
                ],
                deadline: .test
            )
        }
        #expect(error?.kind == .server)
        #expect(error?.state == SQLState(rawValue: "22012"))
        #expect(error?.description == "database error 22012")
        #expect(error?.debugDescription.contains("[SELECT 1 / $1]") == true)
        #expect(try connection.checked())
        #expect(try connection.value("SELECT count(*) FROM transact_failure") == 0)
    }

    @Test func `a violation of a deferred constraint is reported at the commit`() throws {
        let database = try TestDatabase()
        try database.run(
            """
            DROP TABLE IF EXISTS transact_deferred_child, transact_deferred;
            CREATE TABLE transact_deferred (id int8 PRIMARY KEY);
            CREATE TABLE transact_deferred_child (id int8 CONSTRAINT transact_deferred_parent
                REFERENCES transact_deferred DEFERRABLE INITIALLY DEFERRED)
            """
        )
        var connection = try database.connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(["INSERT INTO transact_deferred_child VALUES (9)"], deadline: .test)
        }
        #expect(error?.kind == .server)
        #expect(error?.state == .foreignKeyViolation)
        #expect(error?.constraint == "transact_deferred_parent")
        #expect(try connection.checked())
    }

    @Test func `a commit that the server answers with a rollback is an error`() throws {
        var connection = try TestDatabase().connect()
        let rolledBack = try connection.rows("ROLLBACK")
        let error = #expect(throws: PostgresError.self) { try connection.session.requireCommitted(rolledBack) }
        #expect(error?.kind == .server)
        #expect(error?.state == .inFailedTransaction)
        let committed = try connection.rows("COMMIT")
        try connection.session.requireCommitted(committed)
    }

    @Test func `a statement that ends the transaction early leaves the connection usable`() throws {
        var connection = try TestDatabase().connect()
        #expect(throws: PostgresError.self) {
            try connection.transact(["ROLLBACK", "BEGIN", "SELECT 1 / 0"], deadline: .test)
        }
        #expect(try connection.checked())
    }

    @Test(arguments: Isolation.allCases, AccessMode.allCases)
    func `a transaction has the given isolation and access mode`(_ isolation: Isolation, _ access: AccessMode) throws {
        var connection = try TestDatabase().connect()
        let rows = try connection.transact(
            ["SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"],
            isolation: isolation,
            access: access,
            deadline: .test
        )
        let row = try #require(rows[0].first)
        let names: [Isolation: String] = [
            .readCommitted: "read committed", .repeatableRead: "repeatable read", .serializable: "serializable",
        ]
        #expect(try row[0] == names[isolation])
        #expect(try row[1] == (access == .readOnly ? "on" : "off"))
    }

    @Test func `a read-only transaction cannot write`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS transact_read; CREATE TABLE transact_read (n int8)")
        var connection = try database.connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(["INSERT INTO transact_read VALUES (1)"], access: .readOnly, deadline: .test)
        }
        #expect(error?.state == .readOnlyTransaction)
    }

    @Test func `limits apply to the transaction only`() throws {
        var connection = try TestDatabase().connect()
        let question: Query = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
        let before = try #require(try connection.rows(question).first)
        let deadline = Deadline.after(.seconds(100))
        let inside = try #require(
            try connection.transact([question], limits: .fromDeadline(lock: .milliseconds(100)), deadline: deadline)[0]
                .first
        )
        #expect(try inside[0] != before[0] as String)
        #expect(try inside[1] == "100ms")
        let after = try #require(try connection.rows(question).first)
        #expect(try after[0] == before[0] as String)
        #expect(try after[1] == before[1] as String)
    }

    @Test func `waiting for a lock ends at the limit`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS transact_lock; CREATE TABLE transact_lock (n int8)")
        var holder = try database.connect()
        var waiter = try database.connect()
        try holder.transaction(deadline: .test) { transaction in
            try transaction.run("LOCK TABLE transact_lock")
            let error = #expect(throws: PostgresError.self) {
                try waiter.transact(
                    ["SELECT * FROM transact_lock"],
                    limits: .fromDeadline(lock: .milliseconds(20)),
                    deadline: .test
                )
            }
            #expect(error?.state == .lockNotAvailable)
            #expect(try waiter.checked())
        }
    }

    @Test func `the server cancels a slow statement before the deadline`() throws {
        var connection = try TestDatabase().connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(
                ["SELECT pg_sleep(60)"],
                limits: .fromDeadline,
                deadline: .after(.milliseconds(2_500))
            )
        }
        #expect(error?.kind == .server)
        #expect(error?.state == .queryCanceled)
        #expect(try connection.checked())
    }
}
