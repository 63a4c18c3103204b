import Glibc
import Synchronization

/// A thread that ends with a value.
public final class TestThread<Output: Sendable>: Sendable, Runnable {
    private let body: @Sendable () -> Output
    private let output = Mutex<Output?>(nil)
    private let handle = Mutex<pthread_t>(0)

    /// Starts a thread.
    public init(_ body: @escaping @Sendable () -> Output) {
        self.body = body
        let argument = unsafe Unmanaged<AnyObject>.passRetained(self).toOpaque()
        let created = handle.withLock { handle in
            unsafe pthread_create(
                &handle,
                nil,
                { argument in
                    guard let argument = unsafe argument else { return nil }
                    (unsafe Unmanaged<AnyObject>.fromOpaque(argument).takeRetainedValue() as? any Runnable)?.run()
                    return nil
                },
                argument
            )
        }
        precondition(created == 0, "a thread could not be made")
    }

    fileprivate func run() {
        let output = body()
        self.output.withLock { $0 = output }
    }

    /// Waits for the thread's end.
    public func join() -> Output {
        pthread_join(handle.withLock { $0 }, nil)
        guard let output = output.withLock({ $0 }) else { preconditionFailure("a thread that ended has a value") }
        return output
    }
}

private protocol Runnable {
    func run()
}

/// Where several threads wait until all have arrived.
///
/// They sleep meanwhile: a thousand that looked again and again would leave nothing for those still to come.
public final class Meeting: Sendable {
    private let left: Mutex<Int>
    private let ends: (arrivals: Int32, departure: Int32)

    /// Makes a place for a number of threads.
    public init(of count: Int) {
        left = Mutex(count)
        var pair: [Int32] = [0, 0]
        // Not for programs that are started meanwhile: they would hold the far end open.
        let made = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair)
        precondition(made == 0, "there are no descriptors left")
        ends = (pair[0], pair[1])
    }

    /// Waits for the others.
    public func wait() {
        let isLast = left.withLock { left in
            left -= 1
            return left == 0
        }
        guard !isLast else {
            // The end of what is written is what everybody reads.
            close(ends.departure)
            return
        }
        var byte: UInt8 = 0
        while unsafe read(ends.arrivals, &byte, 1) < 0 {}
    }

    deinit {
        close(ends.arrivals)
        if left.withLock({ $0 > 0 }) { close(ends.departure) }
    }
}
