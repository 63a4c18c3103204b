public import Base

/// How often a step is tried, and how long it waits in between.
public struct StepRetry: InputObject, OutputObject, Hashable, CustomStringConvertible {
    /// How often it is tried, the first time included.
    public let maxAttempts: Int

    /// How long it waits after attempts that failed.
    public let backoff: StepBackoff

    /// Three attempts, the second after two seconds.
    public static var standard: StepRetry { StepRetry(maxAttempts: 3, backoff: StepBackoff()) }

    public static let schema = Schema(
        .integer("maxAttempts", in: 1...20, default: 3, "How often it is tried, the first time included."),
        .integer("baseSeconds", in: 0...3_600, default: 2, "The wait after the first attempt; then twice as long."),
        .integer("maxSeconds", in: 0...86_400, default: 300, "The longest wait."),
        into: { maxAttempts, base, cap throws(Violations) in
            guard base <= cap else {
                throw Violations(Violation(field: "maxSeconds", .outOfRange, "must not be less than baseSeconds"))
            }
            return StepRetry(
                maxAttempts: maxAttempts,
                backoff: StepBackoff(base: .seconds(base), cap: .seconds(cap))
            )
        }
    )

    public static let fields: [OutputField<StepRetry>] = [
        OutputField("maxAttempts", "How often it is tried.") { $0.maxAttempts },
        OutputField("baseSeconds", "The wait after the first attempt.") { $0.backoff.base.wholeSeconds },
        OutputField("maxSeconds", "The longest wait.") { $0.backoff.cap.wholeSeconds },
    ]

    public static var rule: String { "object" }

    public var description: String { "\(maxAttempts) attempts" }
}
