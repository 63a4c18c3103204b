internal import Base
internal import CPostgres

/// A unit of work that commits completely or not at all.
///
/// Only a ``Connection`` creates a transaction. A body borrows it and cannot copy it out. The `BEGIN` is sent together
/// with the first statement, so a body without statements needs no round trip.
public struct Transaction: ~Copyable {
    let session: Session
    let deadline: Deadline

    /// Runs a statement.
    ///
    /// - Throws: A ``PostgresError``. After an error of kind ``PostgresError/Kind/server`` the transaction, or the
    ///   innermost `savepoint`, can only be rolled back.
    @discardableResult
    public borrowing func run(_ query: Query) throws(PostgresError) -> Rows {
        let rows = try run([query])
        guard let answer = rows.first else { throw PostgresError(.decoding, message: "there is no answer") }
        return answer
    }

    /// Runs statements in one round trip.
    ///
    /// The server skips the statements after one that fails.
    ///
    /// - Throws: The same errors as ``run(_:)-(Query)``.
    @discardableResult
    public borrowing func run(_ queries: [Query]) throws(PostgresError) -> [Rows] {
        try session.exchangeInTransaction(queries, by: deadline)
    }

    /// Runs a statement and decodes its first row.
    ///
    /// Returns nil if there is none.
    ///
    /// - Throws: The same errors as ``run(_:)-(Query)``, or one of kind ``PostgresError/Kind/decoding``.
    public borrowing func first<Value: RowDecodable>(
        _ query: Query,
        as _: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        try run(query).decodeFirst()
    }

    /// Runs a statement and decodes every row.
    ///
    /// - Throws: The same errors as ``run(_:)-(Query)``, or one of kind ``PostgresError/Kind/decoding``.
    public borrowing func all<Value: RowDecodable>(
        _ query: Query,
        as _: Value.Type = Value.self
    ) throws(PostgresError) -> [Value] {
        try run(query).decode()
    }

    /// Runs a script of several statements, for migrations.
    ///
    /// The script must not contain untrusted input.
    ///
    /// - Parameter sql: The script's text, without `BEGIN`, `COMMIT` and values.
    /// - Throws: The same errors as ``run(_:)-(Query)``.
    public borrowing func runScript(_ sql: String) throws(PostgresError) {
        try session.runScript(sql, by: deadline)
    }
}

extension Session {
    /// Whether the transaction's `BEGIN` is not yet sent.
    var isTransactionPending: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE && !pending.isEmpty }

    /// Whether a statement failed, so that the transaction can only be rolled back.
    var isTransactionFailed: Bool { PQtransactionStatus(connection) == PQTRANS_INERROR }

    /// Sends statements, preceded by the pending statements.
    func exchangeInTransaction(_ queries: [Query], by deadline: Deadline) throws(PostgresError) -> [Rows] {
        try requireTransaction()
        guard !queries.isEmpty else { return [] }
        // The check comes before the send. Otherwise the pending statements would be lost together with a rejected
        // statement.
        try check(queries, by: deadline)
        let preamble = pending
        pending = []
        var rows = try exchange(preamble + queries, by: deadline)
        rows.removeFirst(preamble.count)
        return rows
    }

    /// Rejects statements after the transaction has ended, for example after a failed `BEGIN`.
    ///
    /// Otherwise each of them would be committed separately.
    func requireTransaction() throws(PostgresError) {
        guard isClosed || !pending.isEmpty || PQtransactionStatus(connection) != PQTRANS_IDLE else {
            throw PostgresError(.server, state: .noActiveTransaction, message: "the transaction is over")
        }
    }
}
