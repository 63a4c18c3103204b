import Base
import Postgres
import System

/// The database that `TEST_DATABASE_URL` names.
///
/// A test without the variable fails.
struct TestDatabase {
    struct Missing: Error, CustomStringConvertible {
        var description: String { "TEST_DATABASE_URL must name a database whose role is a superuser" }
    }

    let string: ConnectionString

    init() throws {
        guard let url = Environment.current()["TEST_DATABASE_URL"] else { throw Missing() }
        string = try ConnectionString(url)
    }

    /// Opens a connection.
    func connect(log: Log = .silent, deadline: Deadline = .test) throws -> Connection {
        try Connection(string, deadline: deadline, log: log)
    }

    /// The server's unix socket, the role and the database.
    func location() throws -> Location {
        var connection = try connect()
        return try connection.transaction(deadline: .test) { transaction in
            let location: Location? = try transaction.first(
                """
                SELECT trim(split_part(current_setting('unix_socket_directories'), ',', 1)) AS directory,
                       current_setting('port') AS port, current_user::text AS role, current_database()::text AS name
                """
            )
            guard let location else { throw Missing() }
            return location
        }
    }

    /// Runs a script in its own transaction on its own connection.
    func run(_ script: String) throws {
        var connection = try connect()
        try connection.transaction(deadline: .test) { try $0.runScript(script) }
    }
}

struct Location: RowDecodable, Sendable {
    let directory: String
    let port: String
    let role: String
    let name: String

    init(row: borrowing Row) throws(PostgresError) {
        directory = try row["directory"]
        port = try row["port"]
        role = try row["role"]
        name = try row["name"]
    }

    var socketPath: String { "\(directory)/.s.PGSQL.\(port)" }

    /// A connection string for the same role and database on a loopback port.
    func string(port: UInt16, more: String = "") throws -> ConnectionString {
        try ConnectionString("host=127.0.0.1 port=\(port) user=\(role) dbname=\(name) sslmode=disable \(more)")
    }
}

extension Deadline {
    /// A deadline that only a test that hangs reaches.
    static var test: Deadline { .after(.seconds(120)) }
}

extension Log {
    static var silent: Log { Log(level: .error, function: "test") { _ in } }
}

/// A single number.
struct Number: RowDecodable, Equatable {
    let value: Int

    init(row: borrowing Row) throws(PostgresError) {
        value = try row[0]
    }
}

extension Connection {
    /// The rows of one statement.
    mutating func rows(_ query: Query) throws(PostgresError) -> Rows {
        let results = try pipeline([query], access: .readOnly, deadline: .test)
        guard let result = results.first else { fatalError("a pipeline answers every statement") }
        return try result.get()
    }

    /// The first column of the first row of one statement.
    mutating func value<Value: PostgresDecodable>(
        _ query: Query,
        as _: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try rows(query).value()
    }
}

extension Connection {
    /// `isUsable` for `#expect`, which can read a property of a noncopyable value only through a `try`.
    func checked() throws -> Bool { isUsable }
}
