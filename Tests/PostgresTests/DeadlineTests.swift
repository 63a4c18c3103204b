import Base
import Glibc
import Postgres
import Testing

/// The server process is suspended, so that only the deadline can end a wait.
@Suite struct DeadlineTests {
    /// A connection whose server process is suspended while this value exists.
    private struct Stopped: ~Copyable {
        let process: Int32

        init(_ connection: inout Connection) throws {
            process = try connection.value("SELECT pg_backend_pid()")
            #expect(kill(process, SIGSTOP) == 0)
        }

        deinit {
            kill(process, SIGCONT)
        }
    }

    private static var soon: Deadline { .after(.milliseconds(300)) }

    @Test func `a transaction in one round trip has an unknown outcome`() throws {
        var connection = try TestDatabase().connect()
        let stopped = try Stopped(&connection)
        let error = #expect(throws: PostgresError.self) { try connection.transact(["SELECT 1"], deadline: Self.soon) }
        #expect(error?.kind == .commitOutcomeUnknown)
        #expect(try !connection.checked())
        _ = consume stopped
    }

    @Test func `a read-only transaction is a timeout`() throws {
        var connection = try TestDatabase().connect()
        let stopped = try Stopped(&connection)
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(["SELECT 1"], access: .readOnly, deadline: Self.soon)
        }
        #expect(error?.kind == .timeout)
        #expect(error?.description == "database deadline passed")
        _ = consume stopped
    }

    @Test func `a statement within a transaction is a timeout, because it cannot be committed`() throws {
        var connection = try TestDatabase().connect()
        var process: Int32 = 0
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(deadline: .after(.seconds(2))) { transaction in
                process = try transaction.run("SELECT pg_backend_pid()").value()
                kill(process, SIGSTOP)
                try transaction.run("SELECT 1")
            }
        }
        kill(process, SIGCONT)
        #expect(error?.kind == .timeout)
        #expect(try !connection.checked())
    }

    @Test func `a large write to a server that does not read ends at the deadline`() throws {
        var connection = try TestDatabase().connect()
        let stopped = try Stopped(&connection)
        let large = [UInt8](repeating: 1, count: 16 << 20)
        let error = #expect(throws: PostgresError.self) {
            try connection.transact(["SELECT \(large)"], access: .readOnly, deadline: Self.soon)
        }
        #expect(error?.kind == .timeout)
        _ = consume stopped
    }

    @Test func `nothing is sent after the deadline`() throws {
        var connection = try TestDatabase().connect()
        let past = Deadline.after(.zero)
        for attempt: (inout Connection) throws -> Void in [
            { _ = try $0.transact(["SELECT 1"], deadline: past) },
            { _ = try $0.pipeline(["SELECT 1"], deadline: past) },
            { try $0.transaction(deadline: past) { _ in } },
        ] {
            let error = #expect(throws: PostgresError.self) { try attempt(&connection) }
            #expect(error?.kind == .timeout)
        }
        #expect(try connection.checked())
        let error = #expect(throws: PostgresError.self) {
            _ = try Connection(try TestDatabase().string, deadline: past, log: .silent)
        }
        #expect(error?.kind == .timeout)
    }

    @Test func `a script also ends at the deadline`() throws {
        var connection = try TestDatabase().connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.transaction(deadline: .after(.milliseconds(200))) { transaction in
                try transaction.runScript("SELECT pg_sleep(5); SELECT 1")
            }
        }
        #expect(error?.kind == .timeout)
    }
}
