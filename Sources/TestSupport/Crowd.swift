import Glibc
import Synchronization

/// Many who do the same thing at the same time, a thread each.
public enum Crowd {
    /// Does something in many threads at once and waits for all of them.
    ///
    /// - Parameters:
    ///   - size: How many threads.
    ///   - body: The work; it is told its number, and calls `meet` when it is ready: nobody gets past it before
    ///     everybody has come, so each must call it once.
    /// - Returns: What each thread came to, by its number.
    /// - Throws: The first error, once all have ended.
    public static func run<Output: Sendable>(
        of size: Int,
        _ body: @escaping @Sendable (_ number: Int, _ meet: () -> Void) throws -> Output
    ) throws -> [Output] {
        let awaited = Atomic(size)
        let work = Work(size: size) { number in
            var hasMet = false
            defer { if !hasMet { awaited.subtract(1, ordering: .sequentiallyConsistent) } }
            return try body(number) {
                hasMet = true
                awaited.subtract(1, ordering: .sequentiallyConsistent)
                while awaited.load(ordering: .sequentiallyConsistent) > 0 { sched_yield() }
            }
        }
        return try work.run().map { try $0.get() }
    }

    private final class Work<Output: Sendable>: Startable {
        private let body: @Sendable (Int) throws -> Output
        private let next = Atomic(0)
        private let results: Mutex<[Result<Output, any Error>?]>
        private let size: Int

        init(size: Int, _ body: @escaping @Sendable (Int) throws -> Output) {
            self.size = size
            self.body = body
            results = Mutex(Array(repeating: nil, count: size))
        }

        func run() -> [Result<Output, any Error>] {
            let threads = (0..<size).map { _ in start() }
            threads.forEach { pthread_join($0, nil) }
            return results.withLock { $0.compactMap(\.self) }
        }

        func runOne() {
            let number = next.add(1, ordering: .sequentiallyConsistent).oldValue
            let result = Result { try body(number) }
            results.withLock { $0[number] = result }
        }
    }
}

private protocol Startable: AnyObject, Sendable {
    func runOne()
}

extension Startable {
    fileprivate func start() -> pthread_t {
        var thread = pthread_t()
        let created = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                (unsafe Unmanaged<AnyObject>.fromOpaque(argument).takeRetainedValue() as? any Startable)?.runOne()
                return nil
            },
            unsafe Unmanaged<AnyObject>.passRetained(self).toOpaque()
        )
        precondition(created == 0, "a thread could not be made")
        return thread
    }
}
