import Base
import System

/// The duration of a test that performs random actions concurrently and then checks invariants.
///
/// A test run takes a few seconds; `NOFX_STRESS_SECONDS` makes it longer.
public struct Stress: Sendable {
    private let end: Deadline
    private let missing: Monitor<Set<String>>
    private let limit = Deadline.test

    /// Starts the time.
    ///
    /// - Parameters:
    ///   - seconds: The shortest duration, unless `NOFX_STRESS_SECONDS` is set.
    ///   - names: The actions that must be performed at least once before the end.
    public init(seconds: Int, untilDone names: [String]) {
        let seconds = Environment.current()["NOFX_STRESS_SECONDS"].flatMap { Int($0) } ?? seconds
        end = .after(.seconds(seconds))
        missing = Monitor(Set(names))
    }

    /// Records that an action was performed.
    public func note(_ name: String) {
        missing.withLock { _ = $0.remove(name) }
    }

    /// Whether the time has passed and every action was performed.
    ///
    /// A time limit ends the test even without the latter.
    public var isOver: Bool {
        end.hasPassed && (missing.withLock(\.isEmpty) || limit.hasPassed)
    }
}
