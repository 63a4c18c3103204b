public import Base
internal import CPostgres

extension Connection {
    /// Commits when `body` returns and rolls back when it throws.
    ///
    /// ```swift
    /// try connection.transaction(deadline: deadline) { transaction in
    ///     try transaction.run("INSERT INTO teams …")
    ///     try transaction.run("INSERT INTO team_members …")
    /// }
    /// ```
    ///
    /// The connection is busy meanwhile: using it inside `body`, rather than the transaction, does not compile.
    ///
    /// - Parameters:
    ///   - isolation: What the transaction may see of others.
    ///   - access: Whether it may write.
    ///   - limits: The server's own limits, sent with the first statement.
    ///   - retry: How often `body` is run. It is run again from its start, so it must not do anything but talk to
    ///     the database when this is more than once.
    ///   - deadline: When to give up; every statement in `body` ends by then.
    ///   - body: The work.
    /// - Returns: What `body` returns, once it is committed.
    /// - Throws: The error thrown by `body`, unchanged, or a ``PostgresError`` from beginning or committing. A
    ///   `body` that swallows a statement's failure is not committed: that is 25P02.
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

    /// The same, with typed errors, for a body that only talks to the database.
    ///
    /// - Throws: As the other does.
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

/// What a transaction is to be like.
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
        // A body without statements began nothing.
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
