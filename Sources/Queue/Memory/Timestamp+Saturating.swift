import Base

extension Timestamp {
    /// The point some time later, rounded up to the microsecond: never sooner, and at the end of time at the latest.
    func saturatingAdd(_ duration: Duration) -> Timestamp {
        let nanoseconds = duration.nanosecondsClamped
        let microseconds = nanoseconds / 1_000 + (nanoseconds % 1_000 == 0 ? 0 : 1)
        let (sum, overflow) = microsecondsSince1970.addingReportingOverflow(Int64(clamping: microseconds))
        return Timestamp(microsecondsSince1970: overflow ? .max : sum)
    }

    /// How long ago another point was; nothing for a later one.
    func duration(since other: Timestamp) -> Duration {
        .microseconds(max(microsecondsSince1970 - other.microsecondsSince1970, 0))
    }
}
