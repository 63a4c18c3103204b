import Base
import System

/// How long a test goes on that does random things at once and then looks at what must hold.
///
/// It takes a few seconds of a test run; `NOFX_STRESS_SECONDS` makes it longer.
public struct Stress: Sendable {
    private let end: Deadline
    private let missing: Monitor<Set<String>>
    private let limit = Deadline.test

    /// Begins now.
    ///
    /// - Parameters:
    ///   - seconds: How long it goes on at least, unless the environment says more.
    ///   - names: What must have been done at least once before it ends.
    public init(seconds: Int, untilDone names: [String]) {
        let seconds = Environment.current()["NOFX_STRESS_SECONDS"].flatMap { Int($0) } ?? seconds
        end = .after(.seconds(seconds))
        missing = Monitor(Set(names))
    }

    /// Takes note that something was done.
    public func note(_ name: String) {
        missing.withLock { _ = $0.remove(name) }
    }

    /// Whether the time is over and everything was done; also when that does not come about.
    public var isOver: Bool {
        end.hasPassed && (missing.withLock(\.isEmpty) || limit.hasPassed)
    }
}
