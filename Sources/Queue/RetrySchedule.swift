/// How long a job waits before each of its attempts, and how many it has.
public struct RetrySchedule: Hashable, Sendable {
    /// The wait before each attempt, the first one included.
    public let delays: [Duration]

    /// At once, and again after 2, 5 and 10 s.
    public static let standard = RetrySchedule(delays: [.zero, .seconds(2), .seconds(5), .seconds(10)])

    /// Takes the waits; a job has as many attempts, and at least one.
    public init(delays: [Duration]) {
        self.delays = delays.isEmpty ? [.zero] : delays
    }

    /// The wait before the attempt that follows so many; nil when there is none.
    public func delay(afterAttempts attempts: Int) -> Duration? {
        delays.indices.contains(attempts) ? delays[attempts] : nil
    }
}
