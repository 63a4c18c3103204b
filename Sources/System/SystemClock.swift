import Glibc

/// The operating system's clocks.
public enum SystemClock {
    /// The wall clock, in microseconds since 1970-01-01T00:00:00Z.
    public static func microsecondsSince1970() -> Int64 {
        let now = read(CLOCK_REALTIME)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }

    /// The monotonic clock, in nanoseconds since an unspecified start.
    public static func monotonicNanoseconds() -> UInt64 {
        let now = read(CLOCK_MONOTONIC)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// The monotonic clock as a duration since an unspecified start.
    public static var uptime: Duration { .nanoseconds(Int64(clamping: monotonicNanoseconds())) }

    /// Blocks the calling thread for a number of nanoseconds, even if signals interrupt the sleep.
    public static func sleep(nanoseconds: UInt64) {
        let end = monotonicNanoseconds() + nanoseconds
        while case let now = monotonicNanoseconds(), now < end {
            var rest = timespec(tv_sec: Int((end - now) / 1_000_000_000), tv_nsec: Int((end - now) % 1_000_000_000))
            nanosleep(&rest, nil)
        }
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        clock_gettime(clock, &now)
        return now
    }
}
