import Base
import Synchronization
import System

/// Ends the process between two calls when SIGTERM or SIGINT asks it to.
///
/// While the process waits for a call it ends at once; a call that has begun is answered first.
final class Termination: Sendable {
    private struct State {
        var isBusy = false
        var isAsked = false
    }

    private let state = Mutex(State())

    /// Starts to watch for the signals.
    ///
    /// - Returns: The watch, which the caller must keep.
    /// - Throws: `SystemError` if the thread cannot be started.
    func watch() throws(SystemError) -> TerminationWatch {
        try TerminationWatch { [self] in
            state.withLock { state in
                state.isAsked = true
                if !state.isBusy { Process.exit(ExitStatus.success) }
            }
        }
    }

    /// Marks the beginning of a call.
    func begin() {
        state.withLock { $0.isBusy = true }
    }

    /// Marks the end of a call, whose answer was sent, and ends the process if it was asked to.
    func end() {
        state.withLock { state in
            state.isBusy = false
            if state.isAsked { Process.exit(ExitStatus.success) }
        }
    }
}

extension Deadline {
    /// Converts a platform's wall-clock time to a deadline on the monotonic clock.
    ///
    /// - Returns: `nil` if the time is not positive, or more than a day away. A call lasts at most minutes, so a wrong
    ///   clock or header must neither end it at once nor remove its limit.
    init?(millisecondsSince1970 milliseconds: Int64) {
        guard milliseconds > 0, milliseconds < Int64.max / 1_000 else { return nil }
        let remaining = milliseconds * 1_000 - SystemClock.microsecondsSince1970()
        guard remaining.magnitude <= 86_400_000_000 else { return nil }
        self = .after(.microseconds(max(remaining, 0)))
    }
}
