import Core
import System
import Reliability

/// Records the waits without waiting.
final class Waits: Sendable {
    private let waits = Monitor<[Duration]>([])

    var all: [Duration] { waits.withLock { $0 } }

    /// A retry whose jitter always yields the longest wait, unless the test passes another source.
    func retry(_ policy: RetryPolicy = .standard, random: @escaping Retry.Random = { $0.upperBound }) -> Retry {
        Retry(
            policy,
            sleep: { nanoseconds, _ in
                self.waits.withLock { $0.append(.nanoseconds(Int64(clamping: nanoseconds))) }
            },
            random: random
        )
    }
}
