import System

/// A clock that goes when it is told.
final class TestClock: Sendable {
    private let time = Monitor(Duration.seconds(1_000_000))

    var now: Duration { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 += duration }
    }
}
