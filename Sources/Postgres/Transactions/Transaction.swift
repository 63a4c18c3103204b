internal import Base
internal import CPostgres

/// A unit of work that happens entirely or not at all.
///
/// Only a ``Connection`` makes one. It is lent to a body and cannot be copied out of it. Its `BEGIN` travels with
/// its first statement, so a body without statements costs nothing.
public struct Transaction: ~Copyable {
    let session: Session
    let deadline: Deadline

    /// Runs a statement.
    ///
    /// - Throws: A ``PostgresError``. After one of kind ``PostgresError/Kind/server`` the transaction, or the
    ///   innermost `savepoint`, can only be rolled back.
    @discardableResult
    public borrowing func run(_ query: Query) throws(PostgresError) -> Rows {
        let rows = try run([query])
        guard let answer = rows.first else { throw PostgresError(.decoding, message: "there is no answer") }
        return answer
    }

    /// Runs statements in one round trip; one that fails keeps the ones after it from being run.
    ///
    /// - Throws: As ``run(_:)-(Query)`` does.
    @discardableResult
    public borrowing func run(_ queries: [Query]) throws(PostgresError) -> [Rows] {
        try session.exchangeInTransaction(queries, by: deadline)
    }

    /// Runs a statement and decodes its first row; nil when there is none.
    ///
    /// - Throws: As ``run(_:)-(Query)`` does, or of kind ``PostgresError/Kind/decoding``.
    public borrowing func first<Value: RowDecodable>(
        _ query: Query,
        as _: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        try run(query).decodeFirst()
    }

    /// Runs a statement and decodes every row.
    ///
    /// - Throws: As ``run(_:)-(Query)`` does, or of kind ``PostgresError/Kind/decoding``.
    public borrowing func all<Value: RowDecodable>(
        _ query: Query,
        as _: Value.Type = Value.self
    ) throws(PostgresError) -> [Value] {
        try run(query).decode()
    }

    /// Runs a script of several statements, for migrations.
    ///
    /// Nothing that comes from outside belongs in one.
    ///
    /// - Parameter sql: The text, as it is; without `BEGIN` and `COMMIT`, and without values.
    /// - Throws: As ``run(_:)-(Query)`` does.
    public borrowing func runScript(_ sql: String) throws(PostgresError) {
        try session.runScript(sql, by: deadline)
    }
}

extension Session {
    /// Whether the transaction's `BEGIN` is still to be sent.
    var isTransactionPending: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE && !pending.isEmpty }

    /// Whether a statement failed and only a rollback is possible.
    var isTransactionFailed: Bool { PQtransactionStatus(connection) == PQTRANS_INERROR }

    /// Sends statements with what is pending before them.
    func exchangeInTransaction(_ queries: [Query], by deadline: Deadline) throws(PostgresError) -> [Rows] {
        try requireTransaction()
        guard !queries.isEmpty else { return [] }
        // Checked before anything is sent, or the pending statements would be lost with the refused one.
        try check(queries, by: deadline)
        let preamble = pending
        pending = []
        var rows = try exchange(preamble + queries, by: deadline)
        rows.removeFirst(preamble.count)
        return rows
    }

    /// Refuses statements once the transaction is over, say after a `BEGIN` that failed: each of them would
    /// be committed on its own.
    func requireTransaction() throws(PostgresError) {
        guard isClosed || !pending.isEmpty || PQtransactionStatus(connection) != PQTRANS_IDLE else {
            throw PostgresError(.server, state: .noActiveTransaction, message: "the transaction is over")
        }
    }
}
