internal import Base
internal import System

/// A mutual-exclusion lock around a value, fair between the threads of the process (first come, first served).
///
/// The lock is held for the duration of a closure, so a caller can neither keep it nor release it twice. It is not
/// reentrant: if a thread that holds the lock calls ``withLock(_:)``, the program traps, because it would deadlock.
///
/// `Synchronization.Mutex` is faster and not fair. A file that imports both must qualify one name with its module.
public final class Mutex<Value>: Sendable {
    private let turns = TurnQueue()
    private let value: Monitor<Value>

    /// Protects a value.
    public init(_ value: sending Value) {
        self.value = Monitor(value)
    }

    /// Whether a thread holds the lock.
    public var isLocked: Bool { turns.isTaken }

    /// The number of threads that wait for the lock.
    public var waiters: Int { turns.waiters }

    /// Waits for the lock, behind the threads that came earlier, and passes the value to `body`.
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

    /// Passes the value to `body` if no thread holds the lock or waits for it.
    ///
    /// - Returns: The result of `body`; nil if a thread holds the lock or waits for it, the calling thread included.
    /// - Throws: What `body` throws.
    public func tryLock<Output, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output? {
        guard turns.tryEnter() else { return nil }
        defer { turns.leave() }
        return try value.withLock(body)
    }
}
