public import Base

/// What `wait:until` is given: a moment, or how long to wait from when the step may begin.
public struct WaitInputs: InputObject {
    /// The moment to wait for.
    public let until: Timestamp?

    /// How many seconds to wait.
    public let seconds: Int?

    public static let schema = Schema(
        .optional("until", Timestamp.self, "The moment to wait for."),
        .integer("seconds", in: 0...30 * 86_400, "How many seconds to wait."),
        into: { until, seconds throws(Violations) in
            guard (until == nil) != (seconds == nil) else {
                throw Violations(.required, "must have exactly one of until and seconds")
            }
            return WaitInputs(until: until, seconds: seconds)
        }
    )
}
