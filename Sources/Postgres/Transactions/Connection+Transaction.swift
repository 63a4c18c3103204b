public import Base
internal import CPostgres

extension Connection {
    /// Runs `body` in a transaction.
    ///
    /// Commits if `body` returns and rolls back if it throws.
    ///
    /// ```swift
    /// try connection.transaction(deadline: deadline) { transaction in
    ///     try transaction.run("INSERT INTO teams …")
    ///     try transaction.run("INSERT INTO team_members …")
    /// }
    /// ```
    ///
    /// `body` must use the transaction. Code that uses the connection inside `body` does not compile.
    ///
    /// - Parameters:
    ///   - isolation: The isolation level.
    ///   - access: Whether the transaction may write.
    ///   - limits: The server-side time limits, which are sent with the first statement.
    ///   - retry: The maximum number of times to run `body`. If this is more than one, `body` must have no effects
    ///     outside of the database, because each attempt runs it from its start.
    ///   - deadline: When to give up; it applies to every statement in `body`.
    ///   - body: The work.
    /// - Returns: The result of `body`, after the commit.
    /// - Throws: The error thrown by `body`, unchanged, or a ``PostgresError`` from beginning or committing. If `body`
    ///   ignores the failure of a statement, the transaction is not committed and the error is 25P02.
    @discardableResult
    public mutating func transaction<Output>(
        isolation: Isolation = .readCommitted,
        access: AccessMode = .readWrite,
        limits: Limits = .none,
        retry: ConflictRetry = .never,
        deadline: Deadline,
        _ body: (borrowing Transaction) throws -> Output
    ) throws -> Output {
        let plan = TransactionPlan(
            isolation: isolation,
            access: access,
            limits: limits,
            retry: retry,
            deadline: deadline
        )
        return try perform(plan, body) { $0 }
    }

    /// Like the other overload, with typed errors, for a body that uses only the database.
    ///
    /// - Throws: The same errors as the other overload.
    @discardableResult
    public mutating func transaction<Output>(
        isolation: Isolation = .readCommitted,
        access: AccessMode = .readWrite,
        limits: Limits = .none,
        retry: ConflictRetry = .never,
        deadline: Deadline,
        _ body: (borrowing Transaction) throws(PostgresError) -> Output
    ) throws(PostgresError) -> Output {
        let plan = TransactionPlan(
            isolation: isolation,
            access: access,
            limits: limits,
            retry: retry,
            deadline: deadline
        )
        return try perform(plan, body) { $0 }
    }
}

/// The properties of a transaction.
private struct TransactionPlan {
    let isolation: Isolation
    let access: AccessMode
    let limits: Limits
    let retry: ConflictRetry
    let deadline: Deadline
}

extension Connection {
    private mutating func perform<Output, Failure: Error>(
        _ plan: TransactionPlan,
        _ body: (borrowing Transaction) throws(Failure) -> Output,
        failingWith failure: (PostgresError) -> Failure
    ) throws(Failure) -> Output {
        var attempt = 1
        while true {
            do throws(Failure) {
                do { try session.prepare(plan) } catch { throw failure(error) }
                let output = try body(Transaction(session: session, deadline: plan.deadline))
                do {
                    try session.commit(commits: plan.access == .readWrite, by: plan.deadline)
                } catch { throw failure(error) }
                return output
            } catch {
                session.rollBack(by: plan.deadline)
                guard let conflict = error as? PostgresError,
                    plan.retry.waits(after: attempt, endedBy: conflict, until: plan.deadline)
                else { throw error }
            }
            attempt += 1
        }
    }
}

extension Session {
    fileprivate func prepare(_ plan: TransactionPlan) throws(PostgresError) {
        try requireIdle()
        try check([], by: plan.deadline)
        pending = [plan.isolation.begin(plan.access)]
        if let limits = plan.limits.query(until: plan.deadline) { pending.append(limits) }
    }

    fileprivate func commit(commits: Bool, by deadline: Deadline) throws(PostgresError) {
        // A body without statements started no transaction on the server.
        if isTransactionPending, !isClosed {
            pending = []
            return
        }
        try requireTransaction()
        guard isClosed || !isTransactionFailed else {
            throw PostgresError(
                .server,
                state: .inFailedTransaction,
                message: "a statement failed and its failure was ignored"
            )
        }
        let statements = pending + CollectionOfOne("COMMIT" as Query)
        pending = []
        try requireCommitted(try exchange(statements, commits: commits, by: deadline).last)
    }
}
