import Base
import Postgres
import TestSupport
import Testing

/// The module behind a PgBouncer with one server connection, in transaction mode.
@Suite struct PoolerTests {
    @Test func `several clients share one server session`() throws {
        let location = try TestDatabase().location()
        try location.withPooler { string in
            let threads = (0..<8).map { client in
                TestThread<[Int]?> {
                    do {
                        var connection = try Connection(string, deadline: .test, log: .silent)
                        var sums: [Int] = []
                        for round in 0..<50 {
                            let own = try connection.transact(
                                ["SELECT \(client)", "SELECT \(round)"],
                                limits: .fromDeadline,
                                deadline: .test
                            )
                            let read = try connection.pipeline(
                                (0..<4).map { "SELECT \($0 + client)" },
                                access: .readOnly,
                                deadline: .test
                            )
                            let body: Int = try connection.transaction(deadline: .test) { transaction in
                                _ = try? transaction.savepoint { try $0.run("SELECT 1 / 0") }
                                return try transaction.run("SELECT \(client)").value()
                            }
                            let rows = own + (try read.map { try $0.get() })
                            let sum = try rows.map { try $0.value(as: Int.self) }.reduce(body, +)
                            sums.append(sum - 6 * client - round)
                        }
                        return sums
                    } catch {
                        Issue.record(error)
                        return nil
                    }
                }
            }
            for thread in threads { #expect(thread.join() == [Int](repeating: 6, count: 50)) }
            var connection = try Connection(string, deadline: .test, log: .silent)
            #expect(try connection.value("SELECT count(*) FROM pg_prepared_statements") == 0)
            #expect(try connection.value("SHOW lock_timeout") == "0")
        }
    }

    @Test func `errors are the same as without a pooler`() throws {
        let location = try TestDatabase().location()
        try location.withPooler { string in
            var connection = try Connection(string, deadline: .test, log: .silent)
            let error = #expect(throws: PostgresError.self) {
                try connection.transact(["SELECT 1 / 0"], deadline: .test)
            }
            #expect(error?.state == SQLState(rawValue: "22012"))
            #expect(try connection.checked())
            #expect(try connection.transact(["SELECT 1"], deadline: .test)[0].value() == 1 as Int32)
        }
    }

    @Test func `a server lost behind the pooler makes a commit's outcome unknown, but not a statement's`() throws {
        let database = try TestDatabase()
        let location = try database.location()
        try location.withPooler { string in
            var other = try database.connect()
            var connection = try Connection(string, deadline: .test, log: .silent)
            let statement = #expect(throws: PostgresError.self) {
                try connection.transaction(deadline: .test) { transaction in
                    let process: Int32 = try transaction.run("SELECT pg_backend_pid()").value()
                    _ = try other.value("SELECT pg_terminate_backend(\(process), 60000)", as: Bool.self)
                    try transaction.run("SELECT 1")
                }
            }
            #expect(statement?.kind == .connection)
            var second = try Connection(string, deadline: .test, log: .silent)
            let commit = #expect(throws: PostgresError.self) {
                try second.transact(
                    ["SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_sleep(60)"],
                    deadline: .test
                )
            }
            #expect(commit?.kind == .commitOutcomeUnknown)
        }
    }
}
