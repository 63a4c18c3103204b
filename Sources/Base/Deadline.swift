internal import Synchronization
import System

/// A point in time on the monotonic clock, by which a call must be finished.
public struct Deadline: Hashable, Comparable, Sendable {
    private let nanoseconds: UInt64

    /// The deadline a given time from now.
    ///
    /// A negative duration gives a deadline that has passed.
    public static func after(_ duration: Duration) -> Deadline {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, seconds < 1 << 32 else { return Deadline(nanoseconds: seconds < 0 ? 0 : .max) }
        let length = UInt64(seconds) * 1_000_000_000 + UInt64(max(attoseconds, 0)) / 1_000_000_000
        return Deadline(nanoseconds: SystemClock.monotonicNanoseconds() + length)
    }

    /// A deadline that never passes.
    public static let distantFuture = Deadline(nanoseconds: .max)

    /// The deadline that is earlier by a duration.
    public static func - (deadline: Deadline, duration: Duration) -> Deadline {
        let (seconds, attoseconds) = duration.components
        let length = UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
        return Deadline(nanoseconds: deadline.nanoseconds - min(deadline.nanoseconds, length))
    }

    /// The time left, never negative.
    public var remainingNanoseconds: UInt64 {
        let now = SystemClock.monotonicNanoseconds()
        return nanoseconds > now ? nanoseconds - now : 0
    }

    /// The time left, never negative.
    public var remaining: Duration { .nanoseconds(Int64(clamping: remainingNanoseconds)) }

    /// The time left in whole milliseconds, rounded up and capped at `Int32.max`.
    public var remainingMilliseconds: Int {
        Int(Int32(clamping: remainingNanoseconds / 1_000_000 + (remainingNanoseconds % 1_000_000 == 0 ? 0 : 1)))
    }

    public var hasPassed: Bool { remainingNanoseconds == 0 }

    public static func < (left: Deadline, right: Deadline) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// A cancellation flag that one thread sets and other threads poll.
///
/// It cannot be reset, so repeated work needs a new one each time.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Creates a flag that is not set.
    public init() {}

    /// Sets the flag.
    ///
    /// Further calls have no effect.
    public func cancel() {
        flag.store(true, ordering: .releasing)
    }

    /// Whether the work should stop.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
