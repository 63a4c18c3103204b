public import Base
internal import System

/// One session with Postgres.
///
/// A connection has a single owner. It is lent with `borrowing` or `inout`, never copied, and it closes when its
/// owner lets go of it, so there is no `close()` to forget. Every wait ends at a deadline; after one has passed
/// in the middle of a conversation, or the server went away, the connection is closed and every further call
/// throws ``PostgresError/Kind/connection``.
///
/// Nothing is kept in the session between transactions, so a pooler may stand in between that hands
/// out a server for one transaction at a time.
public struct Connection: ~Copyable {
    let session: Session

    /// Opens a session, trying every host of the connection string in turn.
    ///
    /// - Parameters:
    ///   - string: Where to.
    ///   - deadline: When to give up. Looking up a host's name may take longer, for that is the C library's.
    ///   - log: Takes the server's notices: warnings as warnings, the rest for debugging.
    /// - Throws: A ``PostgresError`` of kind ``PostgresError/Kind/connection``, or
    ///   ``PostgresError/Kind/timeout`` when the deadline passed.
    public init(_ string: ConnectionString, deadline: Deadline, log: Log) throws(PostgresError) {
        session = try Session.open(string, deadline: deadline, log: log)
    }

    /// Whether the connection can take another transaction, as far as this side can tell: it costs one look
    /// at the socket and no round trip.
    public var isUsable: Bool { session.isUsable() }

    /// How long ago the server was last heard of.
    public var idleTime: Duration {
        .nanoseconds(Int64(clamping: SystemClock.monotonicNanoseconds() - session.lastUse))
    }
}

extension Connection {
    /// Sends independent statements in one round trip; each is a transaction of its own, and one that fails
    /// does not touch the others.
    ///
    /// - Parameters:
    ///   - queries: The statements, in order.
    ///   - access: Whether any of them may write. If none does, a lost answer is
    ///     ``PostgresError/Kind/connection`` or ``PostgresError/Kind/timeout``, not an unknown outcome.
    ///   - deadline: When to give up.
    /// - Returns: One result for each statement.
    /// - Throws: A ``PostgresError`` when the statements could not be sent at all.
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

    /// Sends a whole transaction in one round trip: all of it happens, or nothing.
    ///
    /// The statements cannot depend on each other's results. One that fails keeps the ones after it from being
    /// run. After a conflict with another transaction (40001, 40P01) all is done again, never past the deadline.
    ///
    /// - Parameters:
    ///   - queries: The statements, in order, without `BEGIN` and `COMMIT`.
    ///   - isolation: What the transaction may see of others.
    ///   - access: Whether it may write.
    ///   - limits: The server's own limits, sent along.
    ///   - retry: How often it is tried.
    ///   - deadline: When to give up.
    /// - Returns: The rows of each statement.
    /// - Throws: A ``PostgresError``; only after ``PostgresError/Kind/commitOutcomeUnknown`` can anything have
    ///   been kept.
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
