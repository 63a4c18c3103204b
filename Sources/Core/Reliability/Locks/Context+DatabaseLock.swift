public import Postgres

extension Context {
    /// Runs a transaction of nobody's under a lock, as `Connection.withLock` does, until the call's deadline.
    ///
    /// - Returns: What `body` returns.
    /// - Throws: ``LockError/timedOut`` when others had the lock for too long, or as `transaction` does.
    @discardableResult
    public mutating func withLock<Output>(
        _ lock: DatabaseLock,
        _ body: (borrowing Transaction) throws -> Output
    ) throws -> Output {
        let deadline = deadline
        return try withConnection { try $0.withLock(lock, deadline: deadline, body) }
    }

    /// Runs a transaction of nobody's under a lock if nobody else has it, as `Connection.withLockIfFree` does.
    ///
    /// - Returns: What `body` returns; nil, at once, when another transaction has the lock.
    /// - Throws: As `transaction` does.
    public mutating func withLockIfFree<Output>(
        _ lock: DatabaseLock,
        _ body: (borrowing Transaction) throws -> Output
    ) throws -> Output? {
        let deadline = deadline
        return try withConnection { try $0.withLockIfFree(lock, deadline: deadline, body) }
    }
}
