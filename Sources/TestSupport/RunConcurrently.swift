/// Runs a body in many threads at the same time and waits for all of them.
///
/// - Parameters:
///   - count: The number of threads.
///   - body: The work of one thread. It gets the thread's number, and a barrier: a function that returns once every
///     thread has called it or has ended.
/// - Returns: The value of each thread, by its number.
/// - Throws: The error of the first thread that threw, after all threads have ended.
public func runConcurrently<Output: Sendable>(
    _ count: Int,
    _ body: @escaping @Sendable (_ number: Int, _ barrier: () -> Void) throws -> Output
) throws -> [Output] {
    let barrier = ThreadBarrier(for: count)
    let threads = (0..<count).map { number in
        TestThread<Result<Output, any Error>> {
            var hasArrived = false
            // A thread that fails early must not keep the others waiting.
            defer { if !hasArrived { barrier.wait() } }
            return Result {
                try body(number) {
                    hasArrived = true
                    barrier.wait()
                }
            }
        }
    }
    return try threads.map { $0.join() }.map { try $0.get() }
}
