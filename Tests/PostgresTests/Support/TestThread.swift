import Glibc
import Synchronization

/// A thread that returns a value.
final class TestThread<Output: Sendable>: Sendable, Runnable {
    private let body: @Sendable () -> Output
    private let output = Mutex<Output?>(nil)
    private let handle = Mutex<pthread_t>(0)

    init(_ body: @escaping @Sendable () -> Output) {
        self.body = body
        let created = handle.withLock { handle in
            pthread_create(
                &handle,
                nil,
                { argument in
                    guard let argument else { return nil }
                    (Unmanaged<AnyObject>.fromOpaque(argument).takeRetainedValue() as? any Runnable)?.run()
                    return nil
                },
                Unmanaged<AnyObject>.passRetained(self).toOpaque()
            )
        }
        precondition(created == 0, "a thread could not be made")
    }

    fileprivate func run() {
        let output = body()
        self.output.withLock { $0 = output }
    }

    /// Waits for the thread's end and returns its value.
    func join() -> Output {
        pthread_join(handle.withLock { $0 }, nil)
        guard let output = output.withLock({ $0 }) else { fatalError("a thread that ended has a value") }
        return output
    }
}

private protocol Runnable {
    func run()
}

/// A barrier: each thread waits until all threads have arrived.
final class ThreadBarrier: Sendable {
    private let left: Atomic<Int>

    init(for count: Int) {
        left = Atomic(count)
    }

    func wait() {
        left.subtract(1, ordering: .acquiringAndReleasing)
        while left.load(ordering: .acquiring) > 0 { sched_yield() }
    }
}
