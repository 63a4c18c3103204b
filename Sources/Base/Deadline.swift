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

    /// What is left, never negative.
    public var remainingNanoseconds: UInt64 {
        let now = SystemClock.monotonicNanoseconds()
        return nanoseconds > now ? nanoseconds - now : 0
    }

    /// What is left, never negative.
    public var remaining: Duration { .nanoseconds(Int64(clamping: remainingNanoseconds)) }

    /// What is left in whole milliseconds, rounded up and capped at `Int32.max`.
    public var remainingMilliseconds: Int {
        Int(Int32(clamping: remainingNanoseconds / 1_000_000 + (remainingNanoseconds % 1_000_000 == 0 ? 0 : 1)))
    }

    /// Whether nothing is left.
    public var hasPassed: Bool { remainingNanoseconds == 0 }

    public static func < (left: Deadline, right: Deadline) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// A wish that something should stop, told by one thread and looked at by another.
///
/// Nothing takes it back: what is to be done again gets a new one.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Makes one that nobody has told yet.
    public init() {}

    /// Tells everybody who looks to stop; a second time changes nothing.
    public func cancel() {
        flag.store(true, ordering: .releasing)
    }

    /// Whether somebody wants it to stop.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
