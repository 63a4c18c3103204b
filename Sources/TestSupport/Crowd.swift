/// Many who do the same thing at the same time, a thread each.
public enum Crowd {
    /// Does something in many threads at once and waits for all of them.
    ///
    /// - Parameters:
    ///   - size: How many threads.
    ///   - body: The work; it is told its number, and calls `meet` once it is ready: nobody gets past it before
    ///     everybody has come.
    /// - Returns: What each thread came to, by its number.
    /// - Throws: The first error, once all have ended.
    public static func run<Output: Sendable>(
        of size: Int,
        _ body: @escaping @Sendable (_ number: Int, _ meet: () -> Void) throws -> Output
    ) throws -> [Output] {
        let meeting = Meeting(of: size)
        let threads = (0..<size).map { number in
            TestThread<Result<Output, any Error>> {
                var hasMet = false
                // Whoever fails before must not keep the others waiting.
                defer { if !hasMet { meeting.wait() } }
                return Result {
                    try body(number) {
                        hasMet = true
                        meeting.wait()
                    }
                }
            }
        }
        return try threads.map { $0.join() }.map { try $0.get() }
    }
}
