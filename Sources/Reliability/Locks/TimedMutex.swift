public import Base
internal import System

/// A ``Mutex`` with a deadline for the wait.
///
/// The deadline limits only the wait for the lock, not the time in `body`. A thread whose wait timed out never holds
/// the lock, even if the lock became free at that moment.
public final class TimedMutex<Value>: Sendable {
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
    /// - Parameters:
    ///   - deadline: When to stop waiting. A free lock is acquired even after the deadline.
    ///   - cancellation: Ends the wait within 50 ms.
    ///   - body: The work on the value.
    /// - Returns: What `body` returns.
    /// - Throws: ``LockError`` if the lock was not acquired, or the error of `body`.
    public func withLock<Output>(
        until deadline: Deadline,
        cancellation: Cancellation? = nil,
        _ body: (inout sending Value) throws -> sending Output
    ) throws -> sending Output {
        try turns.enter(until: deadline, cancellation)
        defer { turns.leave() }
        return try value.withLock(body)
    }

    /// Passes the value to `body` if no thread holds the lock or waits for it.
    ///
    /// - Returns: The result of `body`; nil if a thread holds the lock or waits for it.
    /// - Throws: What `body` throws.
    public func tryLock<Output, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output? {
        guard turns.tryEnter() else { return nil }
        defer { turns.leave() }
        return try value.withLock(body)
    }
}

/// A FIFO queue that admits one thread at a time.
///
/// The queue never assigns a turn to a thread. A thread takes the turn itself when the turn is free and the thread is
/// first in the queue. So a thread that has stopped waiting can never own a turn without knowing it.
final class TurnQueue: Sendable {
    private struct State {
        var holder: ThreadIdentity?
        var waiting: [UInt64] = []
        var lastTicket: UInt64 = 0

        /// Takes the turn if it is free and this thread is first; false otherwise.
        mutating func take(as thread: ThreadIdentity, _ ticket: UInt64?) -> Bool {
            guard holder == nil, waiting.first == ticket else { return false }
            if ticket != nil { waiting.removeFirst() }
            holder = thread
            return true
        }
    }

    private let state = Monitor(State())

    /// Whether a thread has the turn.
    var isTaken: Bool { state.withLock { $0.holder != nil } }

    /// The number of threads that wait.
    var waiters: Int { state.withLock { $0.waiting.count } }

    /// Takes the turn if no thread has it or waits for it.
    func tryEnter() -> Bool {
        state.withLock { $0.take(as: .current, nil) }
    }

    /// Waits for the turn.
    func enter(until deadline: Deadline, _ cancellation: Cancellation?) throws(LockError) {
        if cancellation?.isCancelled == true { throw .cancelled }
        let thread = ThreadIdentity.current
        var ticket: UInt64?
        let isMine: Bool? = try state.wait(
            timeoutNanoseconds: { _ in
                if cancellation?.isCancelled == true { return 0 }
                // A cancellation does not wake the thread, so it is polled.
                return min(deadline.remainingNanoseconds, cancellation == nil ? .max : 50_000_000)
            },
            { state throws(LockError) -> Bool? in
                guard state.holder != thread else { throw .heldByCaller }
                if state.take(as: thread, ticket) { return true }
                if ticket == nil {
                    state.lastTicket += 1
                    ticket = state.lastTicket
                    state.waiting.append(state.lastTicket)
                }
                return nil
            }
        )
        guard isMine == nil else { return }
        // Wakes the other threads, because one of them may be first now.
        state.change { state in state.waiting.removeAll { $0 == ticket } }
        throw cancellation?.isCancelled == true ? .cancelled : .timedOut
    }

    /// Releases the turn.
    func leave() {
        state.change { $0.holder = nil }
    }
}

/// The lock was not acquired, so the work was not done.
public enum LockError: Error, Hashable, Sendable {
    /// Other threads held the lock until the deadline.
    case timedOut
    /// The caller cancelled before the lock was free.
    case cancelled
    /// The calling thread already holds the lock and would deadlock.
    case heldByCaller
}
