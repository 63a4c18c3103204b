import CSystem
import Glibc

/// Intercepts SIGTERM and SIGINT, which would end the process, until this value is destroyed.
///
/// A dedicated thread waits for the signals, so `body` may run any code and is not limited to async-signal-safe
/// functions. Create and destroy the value on the main thread, and create it before any other thread starts.
public struct TerminationWatch: ~Copyable {
    /// A private signal that ends the waiting thread.
    private static var ending: Int32 { SIGUSR2 }

    private let mask: SignalMask
    private var threads = Threads()

    /// Starts to intercept the signals.
    ///
    /// - Parameter body: Runs on the dedicated thread each time one of the signals arrives.
    /// - Throws: ``SystemError`` if the thread cannot be created.
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
        // The mask is restored last. A signal that arrives before then goes to the next watch or ends the process.
        mask.restore()
    }
}
