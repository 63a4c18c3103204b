internal import Base
internal import System

/// A value that one thread of the process at a time may use, in the order of their coming.
///
/// The lock is lent to a closure, so it can neither be kept nor given back twice. It is not for a thread that has it
/// already: ``withLock(_:)`` then stops the program, for it would never go on.
///
/// `Synchronization.Mutex` is faster and promises no order; a file that imports both names one of them with its module.
public final class Mutex<Value>: Sendable {
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
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func withLock<Output: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output {
        do {
            try turns.enter(until: .distantFuture, nil)
        } catch {
            preconditionFailure("the thread has the lock already")
        }
        defer { turns.leave() }
        return try value.withLock(body)
    }

    /// Lends the value to `body` if no thread has it or waits for it.
    ///
    /// - Returns: What `body` returns; nil if another thread, or this one, has the lock.
    /// - Throws: What `body` throws.
    public func tryLock<Output, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output? {
        guard turns.tryEnter() else { return nil }
        defer { turns.leave() }
        return try value.withLock(body)
    }
}
