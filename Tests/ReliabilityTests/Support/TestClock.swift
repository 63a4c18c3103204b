import System

/// A clock that a test advances.
final class TestClock: Sendable {
    private let time = Monitor(Duration.seconds(1_000_000))

    var now: Duration { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 += duration }
    }
}
