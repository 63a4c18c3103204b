public import Base
public import Postgres

/// The way to Postgres: one connection, opened when it is first needed and kept for the next call.
///
/// Being lazy is what lets a call that is refused for its credential or its input answer without a database.
public struct Database: ~Copyable {
    /// How long a statement waits for a row lock.
    private static let lockTimeout = Duration.seconds(2)

    private let string: ConnectionString
    private var connection: Connection?

    /// Whether a transaction is open that waits for ``commit(_:deadline:)``.
    private(set) var isHolding = false

    /// Names the database; nothing is opened yet.
    public init(at string: ConnectionString) {
        self.string = string
        connection = nil
    }

    /// Closes the connection, unless a transaction is open.
    mutating func close() {
        if !isHolding { connection = nil }
    }

    /// Another way to the same place, with a connection of its own.
    borrowing func separate() -> Database { Database(at: string) }

    /// Makes others from any thread.
    borrowing func separates() -> @Sendable () -> Database {
        { [string] in Database(at: string) }
    }

    /// Runs statements in one transaction and one round trip, each in at most the time that is left.
    ///
    /// Deadlocks and serialization failures are retried by the connection.
    ///
    /// - Returns: The rows of each statement.
    /// - Throws: `PostgresError`; nothing was stored, unless it says that the outcome is unknown.
    mutating func transact(
        _ queries: [Query],
        access: AccessMode,
        deadline: Deadline,
        log: Log
    ) throws(PostgresError) -> [Rows] {
        var connection = try takeConnection(deadline: deadline, log: log)
        let result: Result<[Rows], PostgresError>
        do throws(PostgresError) {
            result = .success(
                try connection.transact(
                    queries,
                    access: access,
                    limits: .fromDeadline(lock: Self.lockTimeout),
                    deadline: deadline
                )
            )
        } catch {
            result = .failure(error)
        }
        self.connection = consume connection
        return try result.get()
    }

    /// Runs statements in one round trip, in a new transaction that stays open.
    ///
    /// A transaction that is already open is rolled back first.
    ///
    /// - Parameters:
    ///   - lasting: The first statements, which ``rollBack(deadline:)`` leaves alone.
    ///   - queries: The statements after them.
    ///   - deadline: When to give up.
    ///   - log: For what the server has to say.
    /// - Returns: The rows of each statement.
    /// - Throws: `PostgresError`; nothing was stored.
    mutating func hold(
        _ lasting: [Query],
        _ queries: [Query],
        deadline: Deadline,
        log: Log
    ) throws(PostgresError) -> [Rows] {
        rollBack(deadline: deadline)
        var connection = try takeConnection(deadline: deadline, log: log)
        let result: Result<[Rows], PostgresError>
        do throws(PostgresError) {
            let limits = Limits.fromDeadline(lock: Self.lockTimeout)
            let statements = lasting + CollectionOfOne("SAVEPOINT work") + queries
            var rows = try connection.begin(statements, limits: limits, deadline: deadline)
            rows.remove(at: lasting.count)
            result = .success(rows)
            isHolding = true
        } catch {
            result = .failure(error)
        }
        self.connection = consume connection
        return try result.get()
    }

    /// Runs the last statements of the transaction that is open, and commits it.
    ///
    /// - Throws: `PostgresError`; nothing was stored, unless it says that the outcome is unknown.
    mutating func commit(_ queries: [Query], deadline: Deadline) throws(PostgresError) {
        isHolding = false
        try connection?.commit(queries, deadline: deadline)
    }

    /// Undoes the transaction that is open, if there is one, and keeps what was to last if that can be done.
    mutating func rollBack(deadline: Deadline) {
        guard isHolding else { return }
        isHolding = false
        _ = try? connection?.commit(["ROLLBACK TO SAVEPOINT work"], deadline: deadline)
    }

    /// Runs one statement by itself, with no transaction around it.
    ///
    /// - Parameters:
    ///   - query: The statement.
    ///   - connecting: How long it may take when there is no connection yet.
    ///   - answering: How long it may take when there is.
    ///   - log: For what the server has to say.
    /// - Returns: Its rows.
    /// - Throws: `PostgresError`.
    package mutating func run(
        _ query: Query,
        connecting: Duration,
        answering: Duration,
        log: Log
    ) throws(PostgresError) -> Rows {
        var deadline = Deadline.after(answering)
        var connection: Connection
        if let open = takeOpenConnection() {
            connection = open
        } else {
            deadline = .after(connecting)
            connection = try Connection(string, deadline: deadline, log: log)
        }
        let result: Result<[Result<Rows, PostgresError>], PostgresError>
        do throws(PostgresError) {
            result = .success(try connection.pipeline([query], deadline: deadline))
        } catch {
            result = .failure(error)
        }
        self.connection = consume connection
        return try result.get()[0].get()
    }

    /// Lends the connection itself, for work that is not one caller's: migrations.
    mutating func withConnection<Output>(
        deadline: Deadline,
        log: Log,
        _ body: (inout Connection) throws -> Output
    ) throws -> Output {
        var connection = try takeConnection(deadline: deadline, log: log)
        let result = Result { try body(&connection) }
        self.connection = consume connection
        return try result.get()
    }

    /// The open connection, or a new one if there is none or it broke while it was idle.
    private mutating func takeConnection(deadline: Deadline, log: Log) throws(PostgresError) -> Connection {
        if let connection = takeOpenConnection() { return connection }
        return try Connection(string, deadline: deadline, log: log)
    }

    private mutating func takeOpenConnection() -> Connection? {
        guard let connection = connection.take(), connection.isUsable else { return nil }
        return connection
    }
}

extension Database {
    /// Runs a statement of an operator's program in a transaction of its own, where the schema fits this program.
    ///
    /// - Parameters:
    ///   - query: The statement.
    ///   - deadline: When to give up.
    ///   - log: For what the server has to say.
    /// - Returns: Its rows.
    /// - Throws: `PostgresError`; nothing was stored, unless it says that the outcome is unknown.
    public mutating func operatorQuery(_ query: Query, deadline: Deadline, log: Log) throws(PostgresError) -> Rows {
        let rows = try transact(
            ["SELECT nofx.check_version(\(SchemaVersion.required))", query],
            access: .readWrite,
            deadline: deadline,
            log: log
        )
        return rows[1]
    }
}

/// The version of the database's schema that this program was written for.
public enum SchemaVersion {
    /// The newest migration that a statement of this program relies on.
    public static let required: Int32 = 7
}
