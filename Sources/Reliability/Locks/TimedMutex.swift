public import Base
internal import System

/// A ``Mutex`` whose lock is only waited for until a deadline.
///
/// Only getting the lock is bounded: what `body` does with it takes as long as it takes. Who stopped waiting never has
/// the lock, however close the two were.
public final class TimedMutex<Value>: Sendable {
    private let turns = TurnQueue()
    private let value: Monitor<Value>

    /// Guards a value.
    public init(_ value: sending Value) {
        self.value = Monitor(value)
    }

    /// Whether some thread has the lock.
    public var isLocked: Bool { turns.isTaken }

    /// How many threads wait for it.
    public var waiters: Int { turns.waiters }

    /// Lends the value to `body`, once those who came earlier have had it.
    ///
    /// - Parameters:
    ///   - deadline: When to stop waiting. A lock that is free is got even then.
    ///   - cancellation: Ends the wait within 50 ms.
    ///   - body: What to do with the value.
    /// - Returns: What `body` returns.
    /// - Throws: ``LockError`` when the lock was not got, or what `body` throws.
    public func withLock<Output>(
        until deadline: Deadline,
        cancellation: Cancellation? = nil,
        _ body: (inout sending Value) throws -> sending Output
    ) throws -> sending Output {
        try turns.enter(until: deadline, cancellation)
        defer { turns.leave() }
        return try value.withLock(body)
    }

    /// Lends the value to `body` if nobody has it or waits for it.
    ///
    /// - Returns: What `body` returns; nil when somebody has the lock.
    /// - Throws: What `body` throws.
    public func tryLock<Output, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output? {
        guard turns.tryEnter() else { return nil }
        defer { turns.leave() }
        return try value.withLock(body)
    }
}
