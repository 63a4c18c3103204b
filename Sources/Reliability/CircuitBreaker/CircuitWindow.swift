/// A sliding window of time, and the parts of its calls that must not fail or be slow.
public struct CircuitWindow: Hashable, Sendable {
    /// How far back calls count.
    public let length: Duration

    /// How many calls there must be before their parts mean anything.
    public let minimumCalls: Int

    /// The part of failed calls that opens the breaker, above 0 and at most 1; nil where that is not looked at.
    public let failureRate: Double?

    /// How long a call takes that is slow; nil where that is not looked at.
    public let slowCallDuration: Duration?

    /// The part of slow calls that opens the breaker, above 0 and at most 1.
    public let slowCallRate: Double?

    /// Makes a window.
    ///
    /// - Throws: ``CircuitBreakerPolicy/Invalid`` for the first parameter that cannot be.
    public init(
        length: Duration,
        minimumCalls: Int = 100,
        failureRate: Double? = nil,
        slowCallDuration: Duration? = nil,
        slowCallRate: Double? = nil
    ) throws(CircuitBreakerPolicy.Invalid) {
        typealias Policy = CircuitBreakerPolicy
        self.length = try Policy.time(length, "window")
        self.minimumCalls = try Policy.count(minimumCalls, "minimumCalls")
        self.failureRate = try Self.rate(failureRate, "failureRate")
        self.slowCallDuration = try Policy.time(slowCallDuration, "slowCallDuration")
        self.slowCallRate = try Self.rate(slowCallRate, "slowCallRate")
        guard (slowCallDuration == nil) == (slowCallRate == nil) else {
            throw Policy.Invalid(
                slowCallRate == nil ? "slowCallRate" : "slowCallDuration",
                "must be there where \(slowCallRate == nil ? "slowCallDuration" : "slowCallRate") is"
            )
        }
        guard failureRate != nil || slowCallRate != nil else {
            throw Policy.Invalid("failureRate", "must be there where a window has no slowCallRate")
        }
    }

    private static func rate(
        _ value: Double?,
        _ parameter: String
    ) throws(CircuitBreakerPolicy.Invalid) -> Double? {
        guard let value else { return nil }
        guard value > 0, value <= 1 else {
            throw CircuitBreakerPolicy.Invalid(parameter, "must be above 0 and at most 1")
        }
        return value
    }

    /// Whether a call that took so long was slow.
    public func isSlow(_ duration: Duration?) -> Bool {
        guard let duration, let slowCallDuration else { return false }
        return duration >= slowCallDuration
    }
}
