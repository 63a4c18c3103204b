import Base

/// A sliding window of time, with limits for the rates of failed and slow calls.
public struct CircuitWindow: Hashable, Sendable {
    /// The length of the window.
    public let length: Duration

    /// The number of calls below which the rates do not count.
    public let minimumCalls: Int

    /// The rate of failed calls that opens the breaker, above 0 and at most 1; nil for no limit.
    public let failureRate: Double?

    /// The duration from which a call is slow; nil for no limit.
    public let slowCallDuration: Duration?

    /// The rate of slow calls that opens the breaker, above 0 and at most 1.
    public let slowCallRate: Double?

    /// Makes a window.
    ///
    /// - Throws: ``CircuitBreakerPolicy/Invalid`` for the first invalid parameter.
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

    /// Whether a call of this duration is slow.
    public func isSlow(_ duration: Duration?) -> Bool {
        guard let duration, let slowCallDuration else { return false }
        return duration >= slowCallDuration
    }
}

/// The calls of a sliding window, counted in ten time slices.
struct SlidingCalls: Hashable, Sendable {
    private struct Slice: Hashable, Sendable {
        let start: Duration
        var calls = 0
        var failures = 0
        var slow = 0
    }

    private var slices: [Slice] = []

    var isEmpty: Bool { slices.isEmpty }

    /// Counts a call.
    mutating func add(isFailure: Bool, isSlow: Bool, to window: CircuitWindow, at now: Duration) {
        slices.removeAll { $0.start <= now - window.length }
        let length = max(window.length.wholeMicroseconds / 10, 1)
        // A slice begins a whole number of slice lengths after the previous one.
        let start =
            slices.last.map { last in
                let age = max((now - last.start).wholeMicroseconds, 0)
                return last.start + .microseconds(age / length * length)
            } ?? now
        if slices.last?.start != start { slices.append(Slice(start: start)) }
        slices[slices.count - 1].calls += 1
        if isFailure { slices[slices.count - 1].failures += 1 }
        if isSlow { slices[slices.count - 1].slow += 1 }
    }

    /// The rates that reach the limits of a window.
    func limits(exceeding window: CircuitWindow, at now: Duration) -> [CircuitLimit] {
        let sum = total(in: window, at: now)
        guard sum.calls >= window.minimumCalls else { return [] }
        var limits: [CircuitLimit] = []
        if let rate = window.failureRate, Double(sum.failures) >= rate * Double(sum.calls) {
            limits.append(.failureRate)
        }
        if let rate = window.slowCallRate, Double(sum.slow) >= rate * Double(sum.calls) {
            limits.append(.slowCallRate)
        }
        return limits
    }

    /// The number of calls in a window: all, failed and slow.
    func total(in window: CircuitWindow, at now: Duration) -> (calls: Int, failures: Int, slow: Int) {
        slices.filter { $0.start > now - window.length }.reduce(into: (0, 0, 0)) { sum, slice in
            sum.0 += slice.calls
            sum.1 += slice.failures
            sum.2 += slice.slow
        }
    }
}
