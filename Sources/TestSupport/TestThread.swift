import Glibc
import Synchronization
import System

/// A thread that returns a value.
public final class TestThread<Output: Sendable>: Sendable, Runnable {
    private let body: @Sendable () -> Output
    private let output = Mutex<Output?>(nil)
    private let handle = Monitor<pthread_t>(0)

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

    deinit {
        // A thread that was not joined is detached, so that the system frees it at its end.
        let thread = handle.withLock { $0 }
        if thread != 0 { pthread_detach(thread) }
    }

    fileprivate func run() {
        let output = body()
        self.output.withLock { $0 = output }
    }

    /// Waits for the thread's end and returns its value.
    public func join() -> Output {
        let thread = handle.withLock { handle in
            defer { handle = 0 }
            return handle
        }
        pthread_join(thread, nil)
        guard let output = output.withLock({ $0 }) else { preconditionFailure("a thread that ended has a value") }
        return output
    }
}

private protocol Runnable {
    func run()
}

/// A barrier: each thread waits until all threads have arrived.
///
/// Threads sleep while they wait: a thousand threads that poll would leave no processor time for the late ones.
public final class ThreadBarrier: Sendable {
    private let left: Monitor<Int>

    /// Makes a barrier for a number of threads.
    public init(for count: Int) {
        left = Monitor(count)
    }

    /// Waits for the other threads.
    public func wait() {
        let isLast = left.withLock { left in
            left -= 1
            return left <= 0
        }
        // Only the last thread wakes the others: a wake-up for each arrival would keep a thousand threads busy.
        guard !isLast else { return left.change { _ in } }
        _ = left.wait(timeoutNanoseconds: { _ in .max }) { $0 <= 0 ? true : nil }
    }
}
