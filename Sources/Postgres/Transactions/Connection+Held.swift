public import Base
internal import CPostgres

extension Connection {
    /// Begins a transaction, runs its first statements in one round trip, and leaves the transaction open.
    ///
    /// Use it if the last statements depend on work that the caller does with the first rows outside of a closure.
    /// ``commit(_:deadline:)`` ends the transaction; destroying the connection rolls it back. After a conflict with
    /// another transaction (40001, 40P01) the begin and the statements are retried.
    ///
    /// - Parameters:
    ///   - queries: The statements, in order.
    ///   - limits: The server-side time limits, which are sent in the same round trip.
    ///   - retry: The maximum number of attempts.
    ///   - deadline: When to give up.
    /// - Returns: The rows of each statement.
    /// - Throws: A ``PostgresError``. The transaction is rolled back in that case.
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

    /// Makes the server end the transaction one second after the deadline.
    ///
    /// If this process or the network fails before the commit, the transaction's locks would otherwise remain for
    /// hours.
    private static func idleLimit(until deadline: Deadline) -> Query {
        let milliseconds = "\(min(deadline.remainingMilliseconds, Int(Int32.max) - 1_000) + 1_000)"
        return "SELECT set_config('idle_in_transaction_session_timeout', \(milliseconds), true)"
    }

    /// Runs the last statements of the open transaction and commits it, in one round trip.
    ///
    /// - Throws: A ``PostgresError``. The transaction is rolled back unless the error's kind is
    ///   ``PostgresError/Kind/commitOutcomeUnknown``.
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
