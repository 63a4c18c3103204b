import CSystem
import Glibc

/// Threads that whoever started them waits for.
///
/// No signal is handled in them: signals are for the thread that the process began with.
public struct Threads: ~Copyable {
    /// Those that nobody has waited for yet.
    private(set) var handles: [pthread_t] = []

    /// Makes a place for threads; none runs yet.
    public init() {}

    deinit {
        for handle in handles { pthread_join(handle, nil) }
    }

    /// How many there are.
    public var count: Int { handles.count }

    /// Starts another one.
    ///
    /// - Parameters:
    ///   - stackBytes: How deep its calls may go; memory is used for what they reach.
    ///   - body: What it does; it ends with it.
    /// - Throws: ``SystemError`` when the system has no room for it.
    public mutating func start(stackBytes: Int = 2 << 20, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        let argument = Unmanaged.passRetained(Body(body))
        var handle: pthread_t = 0
        // A new thread has its maker's signal mask.
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

    /// Waits for the end of all.
    public mutating func join() {
        for handle in handles { pthread_join(handle, nil) }
        handles = []
    }

    /// Leaves them to themselves, because they do not end in time: nobody waits for them any more.
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
