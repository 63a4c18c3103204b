public import Base
public import Postgres

/// A lock that all processes share which use one database, known by its name.
///
/// It lasts as long as a transaction, so it works through a pooler, and a process that dies gives it back. While it is
/// held the transaction stays open: what is done under it should be short, and be done in the database.
public struct DatabaseLock: Hashable, Sendable {
    /// What is locked, such as `prices/anthropic`.
    public let name: String

    /// Names a lock.
    public init(_ name: String) {
        self.name = name
    }
}

extension Connection {
    /// Runs a transaction under a lock, once those who came earlier have had it.
    ///
    /// Postgres hands it out in the order of coming. It is waited for during three quarters of the time to the
    /// deadline, so that there is some left to do the work in, or to tell that it was not done.
    ///
    /// - Parameters:
    ///   - lock: Which lock.
    ///   - deadline: When to give up, the work included.
    ///   - body: The work.
    /// - Returns: What `body` returns, once it is committed and the lock is free again.
    /// - Throws: ``LockError/timedOut`` when others had the lock for too long, or as `transaction` does.
    @discardableResult
    public mutating func withLock<Output>(
        _ lock: DatabaseLock,
        deadline: Deadline,
        _ body: (borrowing Transaction) throws -> Output
    ) throws -> Output {
        try transaction(limits: .fromDeadline, deadline: deadline) { transaction in
            do throws(PostgresError) {
                try transaction.run("SELECT pg_advisory_xact_lock(hashtextextended(\(lock.name), 0))")
            } catch {
                let isLate = error.state == .lockNotAvailable || error.state == .queryCanceled
                throw isLate ? LockError.timedOut : error
            }
            return try body(transaction)
        }
    }

    /// Runs a transaction under a lock if nobody else has it.
    ///
    /// - Returns: What `body` returns; nil, at once, when another transaction has the lock.
    /// - Throws: As `transaction` does.
    public mutating func withLockIfFree<Output>(
        _ lock: DatabaseLock,
        deadline: Deadline,
        _ body: (borrowing Transaction) throws -> Output
    ) throws -> Output? {
        try transaction(limits: .fromDeadline, deadline: deadline) { transaction in
            let isMine: Bool = try transaction.run(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(\(lock.name), 0))"
            ).value()
            return isMine ? try body(transaction) : nil
        }
    }
}
