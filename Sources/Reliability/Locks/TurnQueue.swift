internal import Base
internal import System

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

    /// Whether somebody has the turn.
    var isTaken: Bool { state.withLock { $0.holder != nil } }

    /// How many wait for it.
    var waiters: Int { state.withLock { $0.waiting.count } }

    /// Takes the turn if nobody has it and nobody waits for it.
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
                // A cancellation wakes nobody, so it is looked for.
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
