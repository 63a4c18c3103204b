public import Base
public import Postgres
import System

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

    /// What the current call has used.
    private(set) var use = DatabaseUse()

    /// The trace of the current call.
    private var trace = Trace.none

    /// Names the database; nothing is opened yet.
    public init(at string: ConnectionString) {
        self.string = string
        connection = nil
    }

    /// Closes the connection, unless a transaction is open.
    mutating func close() {
        if !isHolding { connection = nil }
    }

    /// Begins a call: what is used from now on is the call's.
    mutating func beginCall(in trace: Trace) {
        use = DatabaseUse()
        self.trace = trace
    }

    /// Another way to the same place, with a connection of its own, for the same call.
    borrowing func separate() -> Database {
        var other = separates()()
        other.trace = trace
        return other
    }

    /// Makes others from any thread.
    ///
    /// Their round trips have no spans: a worker's would be far more than all others.
    borrowing func separates() -> @Sendable () -> Database {
        { [string, use] in
            var other = Database(at: string)
            other.use = use
            return other
        }
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
        let connection = try takeConnection(deadline: deadline, log: log)
        return try measured(connection, "database transaction") { (connection) throws(PostgresError) in
            try connection.transact(
                queries,
                access: access,
                limits: .fromDeadline(lock: Self.lockTimeout),
                deadline: deadline
            )
        }
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
        let connection = try takeConnection(deadline: deadline, log: log)
        var rows = try measured(connection, "database begin") { (connection) throws(PostgresError) in
            let limits = Limits.fromDeadline(lock: Self.lockTimeout)
            let statements = lasting + CollectionOfOne("SAVEPOINT work") + queries
            return try connection.begin(statements, limits: limits, deadline: deadline)
        }
        rows.remove(at: lasting.count)
        isHolding = true
        return rows
    }

    /// Runs the last statements of the transaction that is open, and commits it.
    ///
    /// - Throws: `PostgresError`; nothing was stored, unless it says that the outcome is unknown.
    mutating func commit(_ queries: [Query], deadline: Deadline) throws(PostgresError) {
        isHolding = false
        guard let connection = connection.take() else { return }
        try measured(connection, "database commit") { (connection) throws(PostgresError) in
            try connection.commit(queries, deadline: deadline)
        }
    }

    /// Undoes the transaction that is open, if there is one, and keeps what was to last if that can be done.
    mutating func rollBack(deadline: Deadline) {
        guard isHolding else { return }
        try? commit(["ROLLBACK TO SAVEPOINT work"], deadline: deadline)
    }

    /// Runs one statement by itself, with no transaction around it, or for a caller in a transaction that enters the
    /// caller first, in the same round trip.
    ///
    /// - Parameters:
    ///   - query: The statement.
    ///   - caller: Whom `nofx.enter` names; nil for an operator's program.
    ///   - connecting: How long it may take when there is no connection yet.
    ///   - answering: How long it may take when there is.
    ///   - log: For what the server has to say.
    /// - Returns: Its rows.
    /// - Throws: `PostgresError`.
    package mutating func run(
        _ query: Query,
        as caller: Caller? = nil,
        connecting: Duration,
        answering: Duration,
        log: Log
    ) throws(PostgresError) -> Rows {
        let isOpen = keepOpenConnection()
        let deadline = Deadline.after(isOpen ? answering : connecting)
        if let caller {
            let statements = [Query.entry(of: caller, hasAddress: false), query]
            return try transact(statements, access: .readWrite, deadline: deadline, log: log)[1]
        }
        let connection = try takeConnection(deadline: deadline, log: log)
        return try measured(connection, "database statement") { (connection) throws(PostgresError) in
            try connection.pipeline([query], deadline: deadline)[0].get()
        }
    }

    /// Lends the connection itself, for work that is not one caller's: migrations.
    mutating func withConnection<Output>(
        deadline: Deadline,
        log: Log,
        _ body: (inout Connection) throws -> Output
    ) throws -> Output {
        try measured(takeConnection(deadline: deadline, log: log), "database session", body)
    }

    /// The open connection, or a new one if there is none or it broke while it was idle.
    private mutating func takeConnection(deadline: Deadline, log: Log) throws(PostgresError) -> Connection {
        if keepOpenConnection(), let connection = connection.take() { return connection }
        return try connect(deadline: deadline, log: log)
    }

    /// Whether there is an open connection; one that broke while it was idle is closed.
    private mutating func keepOpenConnection() -> Bool {
        guard let open = connection.take(), open.isUsable else { return false }
        connection = consume open
        return true
    }

    private func connect(deadline: Deadline, log: Log) throws(PostgresError) -> Connection {
        let (span, start) = (trace.begin("database connect", .client), SystemClock.monotonicNanoseconds())
        defer { use.add(roundTrips: 0, since: start) }
        do throws(PostgresError) {
            let connection = try Connection(string, deadline: deadline, log: log)
            span.end(["db.system.name": .text("postgresql")])
            return connection
        } catch {
            span.end(["db.system.name": .text("postgresql")], error: error.kindOrState)
            throw error
        }
    }

    /// Uses a connection, keeps it for later, and adds what was used to the call's.
    private mutating func measured<Output, Failure: Error>(
        _ connection: consuming Connection,
        _ name: String,
        _ body: (inout Connection) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        let (span, start) = (trace.begin(name, .client), SystemClock.monotonicNanoseconds())
        let tripsBefore = connection.roundTrips
        let result: Result<Output, Failure>
        do throws(Failure) {
            result = .success(try body(&connection))
        } catch {
            result = .failure(error)
        }
        let trips = connection.roundTrips - tripsBefore
        use.add(roundTrips: trips, since: start)
        span.end(
            ["db.system.name": .text("postgresql"), "nofx.round_trips": .number(trips)],
            error: result.failure.map { ($0 as? PostgresError)?.kindOrState ?? "failed" }
        )
        self.connection = consume connection
        return try result.get()
    }
}

extension PostgresError {
    /// The SQLSTATE, or where the server sent none, what kind of error it was.
    fileprivate var kindOrState: String { state?.rawValue ?? "\(kind)" }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
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
