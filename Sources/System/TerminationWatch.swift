import CSystem
import Glibc

/// Hears SIGTERM and SIGINT in place of the process's end, for as long as it is kept.
///
/// A thread waits for them, so that what they lead to may be any code, and not the little that a signal handler may do.
/// It is made by the thread that the process began with, before there are others, and let go of by that thread.
public struct TerminationWatch: ~Copyable {
    /// Nobody else's business: it ends the thread that waits.
    private static var ending: Int32 { SIGUSR2 }

    private let mask: SignalMask
    private var threads = Threads()

    /// Begins to listen.
    ///
    /// - Parameter body: Is called from a thread of its own whenever somebody wants the process to end.
    /// - Throws: ``SystemError`` when there is no room for the thread.
    public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        mask = SignalMask.block(.these([SIGTERM, SIGINT]))
        do throws(SystemError) {
            try threads.start(stackBytes: 256 << 10) {
                var signals = SignalMask.Signals.these([SIGTERM, SIGINT, Self.ending]).set
                var signal: Int32 = 0
                while sigwait(&signals, &signal) == 0, signal != Self.ending { body() }
            }
        } catch {
            mask.restore()
            throw error
        }
    }

    deinit {
        for thread in threads.handles { pthread_kill(thread, Self.ending) }
        // The mask last: what comes in between is the next one's, or ends the process.
        mask.restore()
    }
}
