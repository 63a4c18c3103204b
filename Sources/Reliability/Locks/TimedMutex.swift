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

    /// Lends the value to `body` if no thread has it or waits for it.
    ///
    /// - Returns: What `body` returns; nil if a thread has the lock.
    /// - Throws: What `body` throws.
    public func tryLock<Output, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Output
    ) throws(Failure) -> sending Output? {
        guard turns.tryEnter() else { return nil }
        defer { turns.leave() }
        return try value.withLock(body)
    }
}

/// Lets one thread at a time pass, in the order of their coming.
///
/// A turn is never handed to a thread: each takes its own, when it is the first in the queue and nobody has one. So a
/// thread that has stopped waiting cannot be left with a turn that it does not know of.
final class TurnQueue: Sendable {
    private struct State {
        var holder: ThreadIdentity?
        var waiting: [UInt64] = []
        var lastTicket: UInt64 = 0

        /// Takes the turn, if it is this thread's.
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

    /// How many wait for it.
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
        // Those behind must look whether they are the first now.
        state.change { state in state.waiting.removeAll { $0 == ticket } }
        throw cancellation?.isCancelled == true ? .cancelled : .timedOut
    }

    /// Gives the turn back.
    func leave() {
        state.change { $0.holder = nil }
    }
}

/// A lock that was not got; nothing was done.
public enum LockError: Error, Hashable, Sendable {
    /// Others had it until the deadline.
    case timedOut
    /// The caller lost interest before it was free.
    case cancelled
    /// The caller's own thread has it already, and would wait for itself.
    case heldByCaller
}
