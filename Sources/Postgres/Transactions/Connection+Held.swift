public import Base
internal import CPostgres

extension Connection {
    /// Begins a transaction and runs its first statements in one round trip, and leaves it open.
    ///
    /// It is for work whose last statement depends on what was made of the first one's rows outside of any closure.
    /// ``commit(_:deadline:)`` ends it, and so does letting go of the connection, which rolls back. After a conflict
    /// with another transaction (40001, 40P01) all is done again.
    ///
    /// - Parameters:
    ///   - queries: The statements, in order.
    ///   - limits: The server's own limits, sent along.
    ///   - retry: How often it is tried.
    ///   - deadline: When to give up.
    /// - Returns: The rows of each statement.
    /// - Throws: A ``PostgresError``; the transaction is rolled back then.
    public mutating func begin(
        _ queries: [Query],
        limits: Limits = .none,
        retry: ConflictRetry = .conflicts,
        deadline: Deadline
    ) throws(PostgresError) -> [Rows] {
        var attempt = 1
        while true {
            try session.requireIdle()
            var preamble = [Isolation.readCommitted.begin(.readWrite)]
            if let limits = limits.query(until: deadline) { preamble.append(limits) }
            preamble.append(Self.idleLimit(until: deadline))
            do {
                var rows = try session.exchange(preamble + queries, by: deadline)
                rows.removeFirst(preamble.count)
                return rows
            } catch {
                session.rollBack(by: deadline)
                guard retry.waits(after: attempt, endedBy: error, until: deadline) else { throw error }
            }
            attempt += 1
        }
    }

    /// Has the server itself end the transaction a second after the deadline: if this process or the network stops
    /// before the commit, its locks would otherwise stay for hours.
    private static func idleLimit(until deadline: Deadline) -> Query {
        let milliseconds = "\(min(deadline.remainingMilliseconds, Int(Int32.max) - 1_000) + 1_000)"
        return "SELECT set_config('idle_in_transaction_session_timeout', \(milliseconds), true)"
    }

    /// Runs the last statements of the transaction that is open, and commits it, in one round trip.
    ///
    /// - Throws: A ``PostgresError``; nothing was kept, unless it says that the outcome is unknown.
    public mutating func commit(_ queries: [Query], deadline: Deadline) throws(PostgresError) {
        try session.requireTransaction()
        do {
            try session.requireCommitted(
                session.exchange(queries + CollectionOfOne("COMMIT" as Query), commits: true, by: deadline).last
            )
        } catch {
            session.rollBack(by: deadline)
            throw error
        }
    }
}
