public import Base
internal import System

/// A connection to Postgres.
///
/// A connection has a single owner. Code borrows it with `borrowing` or `inout` and cannot copy it. It closes when its
/// owner destroys it, so there is no `close()`. Every wait ends at a deadline. If a deadline passes in the middle of an
/// exchange, or the server disconnects, the connection closes and every further call throws
/// ``PostgresError/Kind/connection``.
///
/// The session keeps no state between transactions, so the connection works through a pooler in transaction mode.
public struct Connection: ~Copyable {
    let session: Session

    /// Opens a session.
    ///
    /// Tries each host of the connection string in turn.
    ///
    /// - Parameters:
    ///   - string: The connection string.
    ///   - deadline: When to give up. Resolving a host name may take longer, because the C library's call has no
    ///     timeout.
    ///   - log: Receives the server's notices: warnings at the level warning, all others at the level debug.
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/connection``, or ``PostgresError/Kind/timeout`` if
    ///   the deadline passes.
    public init(_ string: ConnectionString, deadline: Deadline, log: Log) throws(PostgresError) {
        session = try Session.open(string, deadline: deadline, log: log)
    }

    /// Whether the connection can start another transaction, as far as the client can tell.
    ///
    /// The check polls the socket once and needs no round trip.
    public var isUsable: Bool { session.isUsable() }

    /// How often statements were sent and their results awaited.
    public var roundTrips: Int { session.exchanges }

    /// The time since the server last sent data.
    public var idleTime: Duration {
        .nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - session.lastUse))
    }
}

extension Connection {
    /// Sends independent statements in one round trip.
    ///
    /// Each statement is its own transaction; a failure does not affect the other statements.
    ///
    /// - Parameters:
    ///   - queries: The statements, in order.
    ///   - access: Whether any of the statements may write. If none does, a lost response is
    ///     ``PostgresError/Kind/connection`` or ``PostgresError/Kind/timeout`` and never an unknown outcome.
    ///   - deadline: When to give up.
    /// - Returns: One result for each statement.
    /// - Throws: A ``PostgresError`` if the statements cannot be sent at all.
    public mutating func pipeline(
        _ queries: [Query],
        access: AccessMode = .readWrite,
        deadline: Deadline
    ) throws(PostgresError) -> [Result<Rows, PostgresError>] {
        guard !queries.isEmpty else { return [] }
        try session.requireIdle()
        let results = try session.exchangeIndependently(queries, commits: access == .readWrite, by: deadline)
        session.rollBack(by: deadline)
        return results
    }

    /// Runs a whole transaction in one round trip.
    ///
    /// It commits all statements or none.
    ///
    /// The statements cannot use each other's results. The server skips the statements after one that fails. After a
    /// conflict with another transaction (40001, 40P01) the whole transaction is retried, but never past the deadline.
    ///
    /// - Parameters:
    ///   - queries: The statements, in order, without `BEGIN` and `COMMIT`.
    ///   - isolation: The isolation level.
    ///   - access: Whether the transaction may write.
    ///   - limits: The server-side time limits, which are sent in the same round trip.
    ///   - retry: The maximum number of attempts.
    ///   - deadline: When to give up.
    /// - Returns: The rows of each statement.
    /// - Throws: A ``PostgresError``. Only after ``PostgresError/Kind/commitOutcomeUnknown`` can the transaction have
    ///   committed.
    public mutating func transact(
        _ queries: [Query],
        isolation: Isolation = .readCommitted,
        access: AccessMode = .readWrite,
        limits: Limits = .none,
        retry: ConflictRetry = .conflicts,
        deadline: Deadline
    ) throws(PostgresError) -> [Rows] {
        guard !queries.isEmpty else { return [] }
        var attempt = 1
        while true {
            try session.requireIdle()
            do {
                return try session.transact(
                    queries,
                    begin: isolation.begin(access),
                    limits: limits.query(until: deadline),
                    commits: access == .readWrite,
                    by: deadline
                )
            } catch {
                session.rollBack(by: deadline)
                guard retry.waits(after: attempt, endedBy: error, until: deadline) else { throw error }
            }
            attempt += 1
        }
    }
}
