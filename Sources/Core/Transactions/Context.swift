public import Base
public import Postgres

/// What one call may use: who makes it, where it came from, how long it may take, and the database.
public struct Context: ~Copyable {
    /// Where the call came from.
    public let origin: Origin

    /// When the answer is due.
    public let deadline: Deadline

    /// The call's log.
    public let log: Log

    /// Who makes the call; nil before it was proved.
    public private(set) var caller: Caller?

    var database: Database

    /// Begins a call.
    public init(origin: Origin, deadline: Deadline, log: Log, database: consuming Database) {
        self.origin = origin
        self.deadline = deadline
        self.log = log
        self.database = database
    }

    /// Takes note of who makes the call.
    public mutating func authenticated(as caller: Caller) {
        self.caller = caller
    }

    /// Ends the call and gives the database back for the next one.
    public consuming func end() -> Database {
        database
    }
}

extension Context {
    /// Runs statements that change something, all or none of them, in one round trip.
    ///
    /// `nofx.enter` runs first: it refuses a disabled user and a schema that does not fit, and makes the user on first
    /// sight. Then, and only then, the statements run, with the caller's row to refer to.
    ///
    /// - Returns: The rows of the last statement.
    /// - Throws: `PostgresError`, or a 401 `Problem` when nobody is authenticated.
    public mutating func write(_ queries: Query...) throws -> Rows {
        try transact(queries, access: .readWrite)
    }

    /// Runs statements that change nothing, as ``write(_:)`` does; losing the connection is then no riddle.
    public mutating func read(_ queries: Query...) throws -> Rows {
        try transact(queries, access: .readOnly)
    }

    /// Lends the connection itself, for work that is not one caller's: migrations.
    public mutating func withConnection<Output>(_ body: (inout Connection) throws -> Output) throws -> Output {
        try database.withConnection(deadline: deadline, log: log, body)
    }

    /// The identifier of who makes the call.
    ///
    /// - Throws: A 401 `Problem` when nobody is authenticated.
    public var user: ID<User> {
        get throws { try requiredCaller.user }
    }

    /// What the audit trail keeps of the call, as `nofx.log_activity` takes it.
    public var record: JSONText { origin.record(credential: caller?.credential ?? "") }

    private var requiredCaller: Caller {
        get throws {
            guard let caller else { throw Problem.unauthenticated }
            return caller
        }
    }

    private mutating func transact(_ queries: [Query], access: AccessMode) throws -> Rows {
        let entry = Query.entry(of: try requiredCaller)
        let all = [entry] + queries
        let results: [Rows]
        do throws(PostgresError) {
            results = try database.transact(all, access: access, deadline: deadline, log: log)
        } catch {
            guard error.state == .readOnlyTransaction, access == .readOnly else { throw error }
            // The caller is seen for the first time, and written down alone: what only reads must not write.
            let entered = try database.transact([entry], access: .readWrite, deadline: deadline, log: log)
            try noteEntry(entered.first)
            results = try database.transact(all, access: .readOnly, deadline: deadline, log: log)
        }
        guard let last = results.last else { throw Problem.internal }
        try noteEntry(results.first)
        return last
    }

    /// Reports an address that the caller does not get because another user has it.
    private func noteEntry(_ rows: Rows?) throws(PostgresError) {
        guard let row = rows?.first, try row[0] else { return }
        log.warning("user.email_taken", ["userId": caller?.user])
    }
}

extension Query {
    /// The first statement of a caller's transaction.
    fileprivate static func entry(of caller: Caller) -> Query {
        """
        SELECT nofx.enter(\(SchemaVersion.required), \(caller.user), \(caller.issuer), \(caller.subject),
                          \(caller.email?.text), \(caller.email?.normalized))
        """
    }
}
