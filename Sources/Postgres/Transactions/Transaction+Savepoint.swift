internal import Base
internal import CPostgres

extension Transaction {
    /// A part of the transaction that can fail alone: what `body` did is undone when it throws, and the rest of
    /// the transaction goes on.
    ///
    /// ```swift
    /// _ = try? transaction.savepoint { try $0.run("INSERT INTO activity …") }
    /// ```
    ///
    /// Setting and releasing the savepoint travel with the statements around them.
    ///
    /// - Returns: What `body` returns.
    /// - Throws: The error thrown by `body`, unchanged, or a ``PostgresError``. A `body` that swallows a statement's
    ///   failure is undone as well: that is 25P02.
    @discardableResult
    public borrowing func savepoint<Output>(_ body: (borrowing Transaction) throws -> Output) throws -> Output {
        try contain(body) { $0 }
    }
}

extension Transaction {
    /// The same, with typed errors, for a body that only talks to the database.
    ///
    /// - Throws: As the other does.
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
            // The first error says more than one from undoing; the transaction's end will notice the latter.
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
    /// Where a savepoint stands: how many statements were pending before it, and how often any had been sent.
    fileprivate struct Mark {
        let pending: Int
        let exchanges: Int
    }

    fileprivate func setSavepoint() throws(PostgresError) -> Mark {
        try requireTransaction()
        // `SAVEPOINT` would fail, and undoing it would then undo an outer one.
        guard !isTransactionFailed else {
            throw PostgresError(.server, state: .inFailedTransaction, message: "an earlier statement failed")
        }
        let mark = Mark(pending: pending.count, exchanges: exchanges)
        // The name need not be unique: the last one set is the one meant.
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

    /// Nothing was sent since, so the savepoint was never set.
    private func forget(_ mark: Mark) {
        pending.removeSubrange(min(mark.pending, pending.count)...)
    }
}
