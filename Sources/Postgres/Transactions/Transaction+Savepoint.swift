internal import Base
internal import CPostgres

extension Transaction {
    /// Runs `body` in a savepoint.
    ///
    /// If `body` throws, its changes are rolled back and the transaction can continue.
    ///
    /// ```swift
    /// _ = try? transaction.savepoint { try $0.run("INSERT INTO activity …") }
    /// ```
    ///
    /// The savepoint's own statements are sent together with the statements around them.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The error thrown by `body`, unchanged, or a ``PostgresError``. If `body` ignores the failure of a
    ///   statement, its changes are rolled back as well and the error is 25P02.
    @discardableResult
    public borrowing func savepoint<Output>(_ body: (borrowing Transaction) throws -> Output) throws -> Output {
        try contain(body) { $0 }
    }
}

extension Transaction {
    /// Like the other overload, with typed errors, for a body that uses only the database.
    ///
    /// - Throws: The same errors as the other overload.
    @discardableResult
    public borrowing func savepoint<Output>(
        _ body: (borrowing Transaction) throws(PostgresError) -> Output
    ) throws(PostgresError) -> Output {
        try contain(body) { $0 }
    }

    private borrowing func contain<Output, Failure: Error>(
        _ body: (borrowing Transaction) throws(Failure) -> Output,
        failingWith failure: (PostgresError) -> Failure
    ) throws(Failure) -> Output {
        let mark: Session.Mark
        do { mark = try session.setSavepoint() } catch { throw failure(error) }
        let output: Output
        do throws(Failure) {
            output = try body(self)
        } catch {
            // The first error is more useful than an error from the rollback. The end of the transaction reports the
            // latter.
            session.undo(to: mark, by: deadline)
            throw error
        }
        guard session.isTransactionFailed else {
            session.release(mark)
            return output
        }
        session.undo(to: mark, by: deadline)
        throw failure(
            PostgresError(
                .server,
                state: .inFailedTransaction,
                message: "a statement failed in a savepoint and its failure was ignored"
            )
        )
    }
}

extension Session {
    /// The position of a savepoint: the number of pending statements before it, and the number of exchanges so far.
    fileprivate struct Mark {
        let pending: Int
        let exchanges: Int
    }

    fileprivate func setSavepoint() throws(PostgresError) -> Mark {
        try requireTransaction()
        // `SAVEPOINT` would fail, and rolling back to it would then roll back to an outer savepoint.
        guard !isTransactionFailed else {
            throw PostgresError(.server, state: .inFailedTransaction, message: "an earlier statement failed")
        }
        let mark = Mark(pending: pending.count, exchanges: exchanges)
        // The name need not be unique, because Postgres uses the latest savepoint with that name.
        pending.append("SAVEPOINT part")
        return mark
    }

    fileprivate func release(_ mark: Mark) {
        if exchanges == mark.exchanges {
            forget(mark)
        } else {
            pending.append("RELEASE SAVEPOINT part")
        }
    }

    fileprivate func undo(to mark: Mark, by deadline: Deadline) {
        guard exchanges != mark.exchanges else { return forget(mark) }
        guard !isClosed, PQtransactionStatus(connection) != PQTRANS_IDLE else { return }
        let statements = pending + ["ROLLBACK TO SAVEPOINT part", "RELEASE SAVEPOINT part"]
        pending = []
        do {
            _ = try exchange(statements, by: deadline)
        } catch {
            close()
        }
    }

    /// Removes the savepoint from the pending statements, because no statement was sent since and it was never set.
    private func forget(_ mark: Mark) {
        pending.removeSubrange(min(mark.pending, pending.count)...)
    }
}
