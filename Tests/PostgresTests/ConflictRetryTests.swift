import Base
import Glibc
import Postgres
import Testing

@Suite struct ConflictRetryTests {
    /// Waits until another session waits for a lock on a table.
    private static func waitForWaiter(on table: String, _ connection: inout Connection) throws {
        while try connection.value(
            """
            SELECT count(*) FROM pg_locks
            WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks WHERE relation = \(table)::regclass)
            """,
            as: Int.self
        ) == 0 {}
    }

    @Test(arguments: [ConflictRetry.never, .conflicts])
    func `a transaction that lost a conflict is retried if enabled`(_ retry: ConflictRetry) throws {
        let database = try TestDatabase()
        let table = retry == .never ? "retry_transact_never" : "retry_transact_conflicts"
        try database.run("DROP TABLE IF EXISTS \(table); CREATE TABLE \(table) AS SELECT 1::int8 AS n")
        var holder = try database.connect()
        var observer = try database.connect()
        var waiter: TestThread<Result<[Int], PostgresError>>?
        let update: Query =
            retry == .never
            ? "UPDATE retry_transact_never SET n = n + 1 RETURNING n"
            : "UPDATE retry_transact_conflicts SET n = n + 1 RETURNING n"
        try holder.transaction(deadline: .test) { transaction in
            try transaction.run(update)
            waiter = TestThread {
                do {
                    var connection = try Connection(database.string, deadline: .test, log: .silent)
                    let rows = try connection.transact(
                        [update],
                        isolation: .repeatableRead,
                        retry: retry,
                        deadline: .test
                    )
                    return .success(try rows.map { try $0.value() })
                } catch let error as PostgresError {
                    return .failure(error)
                } catch {
                    return .success([])
                }
            }
            try Self.waitForWaiter(on: table, &observer)
        }
        switch try #require(waiter).join() {
        case .success(let numbers): #expect(retry == .conflicts && numbers == [3])
        case .failure(let error): #expect(retry == .never && error.state == .serializationFailure && error.isConflict)
        }
    }

    @Test func `a body is repeated after a serialization failure`() throws {
        let database = try TestDatabase()
        try database.run("DROP TABLE IF EXISTS retry_body; CREATE TABLE retry_body AS SELECT 1::int8 AS n")
        var connection = try database.connect()
        var other = try database.connect()
        var attempts = 0
        try connection.transaction(isolation: .serializable, retry: .conflicts, deadline: .test) { transaction in
            attempts += 1
            let number: Int = try transaction.run("SELECT n FROM retry_body").value()
            if attempts == 1 {
                _ = try other.transact(["UPDATE retry_body SET n = 10"], isolation: .serializable, deadline: .test)
            }
            try transaction.run("UPDATE retry_body SET n = \(number + 1)")
        }
        #expect(attempts == 2)
        #expect(try connection.value("SELECT n FROM retry_body") == 11)
    }

    @Test func `two transactions that deadlock both succeed`() throws {
        let database = try TestDatabase()
        try database.run(
            """
            DROP TABLE IF EXISTS retry_deadlock;
            CREATE TABLE retry_deadlock AS SELECT id::int8, 0::int8 AS n FROM generate_series(1, 2) AS id
            """
        )
        let barrier = ThreadBarrier(for: 2)
        let threads = [(1, 2), (2, 1)].map { first, second in
            TestThread<Int> {
                var attempts = 0
                do {
                    var connection = try Connection(database.string, deadline: .test, log: .silent)
                    try connection.transaction(retry: ConflictRetry(attempts: 100), deadline: .test) { transaction in
                        attempts += 1
                        try transaction.run("SET LOCAL deadlock_timeout = '5ms'")
                        try transaction.run("UPDATE retry_deadlock SET n = n + 1 WHERE id = \(first)")
                        if attempts == 1 { barrier.wait() }
                        try transaction.run("UPDATE retry_deadlock SET n = n + 1 WHERE id = \(second)")
                    }
                    return attempts
                } catch {
                    return -1
                }
            }
        }
        let attempts = threads.map { $0.join() }
        #expect(attempts.allSatisfy { $0 > 0 })
        #expect(attempts.reduce(0, +) > 2)
        var connection = try database.connect()
        #expect(try connection.value("SELECT array_agg(n) FROM retry_deadlock") == [2, 2])
    }

    @Test func `the number of attempts is bounded`() throws {
        let database = try TestDatabase()
        try database.run(
            """
            DROP SEQUENCE IF EXISTS retry_bounded; CREATE SEQUENCE retry_bounded;
            CREATE OR REPLACE FUNCTION retry_conflict() RETURNS void LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$
            """
        )
        var connection = try database.connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(["SELECT nextval('retry_bounded')", "SELECT retry_conflict()"], deadline: .test)
        }
        #expect(error?.state == .serializationFailure)
        #expect(try connection.value("SELECT last_value FROM retry_bounded") == 5)
        var attempts = 0
        #expect(throws: PostgresError.self) {
            try connection.transaction(retry: .never, deadline: .test) { transaction in
                attempts += 1
                try transaction.run("SELECT retry_conflict()")
            }
        }
        #expect(attempts == 1)
    }

    @Test func `no attempt starts after the deadline`() throws {
        let database = try TestDatabase()
        var connection = try database.connect()
        let deadline = Deadline.after(.seconds(2))
        var attempts = 0
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(retry: ConflictRetry(attempts: .max), deadline: deadline) { transaction in
                attempts += 1
                defer { while !deadline.hasPassed { sched_yield() } }
                try transaction.runScript("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$")
            }
        }
        #expect(error?.state == .deadlockDetected)
        #expect(attempts == 1)
    }

    @Test func `other errors are not retried`() throws {
        var connection = try TestDatabase().connect()
        var attempts = 0
        #expect(throws: PostgresError.self) {
            try connection.transaction(retry: .conflicts, deadline: .test) { transaction in
                attempts += 1
                try transaction.run("SELECT 1 / 0")
            }
        }
        #expect(attempts == 1)
    }
}
