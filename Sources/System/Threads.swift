import CSystem
import Glibc

/// Threads that their owner starts and joins.
///
/// They block all signals, so that only the main thread handles signals.
public struct Threads: ~Copyable {
    /// The threads that are not yet joined.
    private(set) var handles: [pthread_t] = []

    /// Creates an empty group.
    public init() {}

    deinit {
        for handle in handles { pthread_join(handle, nil) }
    }

    /// The number of threads that are not yet joined.
    public var count: Int { handles.count }

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - stackBytes: The size of the thread's stack. The system allocates memory only for the pages that are used.
    ///   - body: The code to run; the thread ends when it returns.
    /// - Throws: ``SystemError`` if the system cannot create the thread.
    public mutating func start(stackBytes: Int = 2 << 20, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        let argument = Unmanaged.passRetained(Body(body))
        var handle: pthread_t = 0
        // A new thread inherits the signal mask of the thread that creates it.
        let mask = SignalMask.block(.all)
        let code = pthread_create(
            &handle,
            &attributes,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            argument.toOpaque()
        )
        mask.restore()
        guard code == 0 else {
            argument.release()
            throw SystemError("pthread_create", code: code)
        }
        handles.append(handle)
    }

    /// Waits until all threads have ended.
    public mutating func join() {
        for handle in handles { pthread_join(handle, nil) }
        handles = []
    }

    /// Detaches all threads, because they do not end in time.
    ///
    /// They are not joined.
    public mutating func abandon() {
        for handle in handles { pthread_detach(handle) }
        handles = []
    }
}

private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
