internal import Synchronization
import System

/// What a call has used of the database; all threads of the call add to it.
public final class DatabaseUse: Sendable {
    private let trips = Atomic<Int>(0)
    private let nanoseconds = Atomic<UInt64>(0)

    init() {}

    /// How often the call sent statements and waited for their results.
    public var roundTrips: Int { trips.load(ordering: .relaxed) }

    /// How long it waited for the database, connections that it opened included.
    public var duration: Duration { .nanoseconds(Int64(clamping: nanoseconds.load(ordering: .relaxed))) }

    /// Adds what was used since a moment of the monotonic clock.
    func add(roundTrips: Int, since start: UInt64) {
        trips.wrappingAdd(roundTrips, ordering: .relaxed)
        nanoseconds.wrappingAdd(SystemClock.monotonicNanoseconds() - start, ordering: .relaxed)
    }
}
