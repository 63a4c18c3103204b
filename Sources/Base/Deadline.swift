internal import Synchronization
import System

/// The moment by which an answer is due, on a clock that cannot be set.
public struct Deadline: Hashable, Comparable, Sendable {
    private let nanoseconds: UInt64

    /// A deadline some time from now.
    public static func after(_ duration: Duration) -> Deadline {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, seconds < 1 << 32 else { return Deadline(nanoseconds: seconds < 0 ? 0 : .max) }
        let length = UInt64(seconds) * 1_000_000_000 + UInt64(max(attoseconds, 0)) / 1_000_000_000
        return Deadline(nanoseconds: SystemClock.monotonicNanoseconds() + length)
    }

    /// A deadline that never comes.
    public static let distantFuture = Deadline(nanoseconds: .max)

    /// The deadline some time earlier.
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

    /// Whether nothing is left.
    public var hasPassed: Bool { remainingNanoseconds == 0 }

    public static func < (left: Deadline, right: Deadline) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// A request to stop, set by one thread and polled by others.
///
/// It cannot be reset: repeated work takes a new one.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Makes one that is not cancelled.
    public init() {}

    /// Tells everybody who looks to stop; a second time changes nothing.
    public func cancel() {
        flag.store(true, ordering: .releasing)
    }

    /// Whether the work should stop.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
