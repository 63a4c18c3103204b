package import Base

/// The rules by which a circuit breaker opens, stays open and closes.
///
/// A policy travels with its calls. Two programs may use one breaker with different policies; each call applies its
/// own.
public struct CircuitBreakerPolicy: Hashable, Sendable {
    /// The number of consecutive failures that open the breaker.
    public let failureThreshold: Int

    /// The number of probes that must succeed to close the breaker.
    public let successThreshold: Int

    /// The longest duration of a call.
    ///
    /// A probe's lease ends ``leaseMargin`` later.
    public let callTimeout: Duration

    /// The time after ``callTimeout`` in which a probe's outcome can still be recorded.
    public let leaseMargin: Duration

    /// The duration of the first opening.
    public let resetTimeout: Duration

    /// The longest duration of an opening.
    public let maximumResetTimeout: Duration

    /// The factor by which the duration grows each time that a probe fails; 1 for no growth.
    public let growthFactor: Double

    /// The largest random deviation of the duration, as a fraction of it; 0 for none.
    public let jitter: Double

    /// The largest number of concurrent probes, over all processes.
    public let halfOpenPermits: Int

    /// The longest time in half-open state; nil for no limit.
    public let halfOpenMaximumWait: Duration?

    /// Whether the breaker closes, and does not open again, after ``halfOpenMaximumWait``.
    public let closesAfterMaximumWait: Bool

    /// 2 if a single reporting process needs twice the failures to open the breaker, because the network of that
    /// process may be the cause; otherwise 1.
    public let minimumReporters: Int

    /// The age at which failures no longer count; nil for no limit.
    public let failureDecay: Duration?

    /// The rates over a window of time that also open the breaker; nil to count consecutive failures only.
    ///
    /// With a window, every call is recorded, so a successful call also writes to the store.
    public let window: CircuitWindow?

    /// The policy as the SQL functions read it, encoded once.
    package let json: JSONText

    /// Makes a policy.
    ///
    /// The defaults apply to all providers: five consecutive failures open the breaker for two minutes, and two
    /// successful probes close it.
    ///
    /// - Parameters:
    ///   - failureThreshold: The number of consecutive failures that open the breaker.
    ///   - successThreshold: The number of probes that must succeed.
    ///   - callTimeout: The longest duration of a call.
    ///   - leaseMargin: The time after that in which a probe's outcome can be recorded.
    ///   - resetTimeout: The duration of the first opening.
    ///   - maximumResetTimeout: The longest opening; by default half an hour, or `resetTimeout` if that is longer.
    ///   - growthFactor: The growth of the duration, 1 to 10.
    ///   - jitter: The random deviation of the duration, 0 to 0.5.
    ///   - halfOpenPermits: The largest number of concurrent probes.
    ///   - halfOpenMaximumWait: The longest time in half-open state.
    ///   - closesAfterMaximumWait: Whether the breaker then closes.
    ///   - minimumReporters: 1 or 2.
    ///   - failureDecay: The age at which failures no longer count.
    ///   - window: The rates over a window of time.
    /// - Throws: ``Invalid`` for the first invalid parameter.
    public init(
        failureThreshold: Int = 5,
        successThreshold: Int = 2,
        callTimeout: Duration = .seconds(60),
        leaseMargin: Duration = .seconds(10),
        resetTimeout: Duration = .seconds(120),
        maximumResetTimeout: Duration? = nil,
        growthFactor: Double = 1,
        jitter: Double = 0,
        halfOpenPermits: Int = 2,
        halfOpenMaximumWait: Duration? = nil,
        closesAfterMaximumWait: Bool = false,
        minimumReporters: Int = 1,
        failureDecay: Duration? = nil,
        window: CircuitWindow? = nil
    ) throws(Invalid) {
        self.failureThreshold = try Self.count(failureThreshold, "failureThreshold")
        self.successThreshold = try Self.count(successThreshold, "successThreshold")
        self.callTimeout = try Self.time(callTimeout, "callTimeout")
        self.leaseMargin = try Self.time(leaseMargin, "leaseMargin")
        self.resetTimeout = try Self.time(resetTimeout, "resetTimeout")
        let most = maximumResetTimeout ?? max(resetTimeout, .seconds(1_800))
        self.maximumResetTimeout = try Self.time(most, "maximumResetTimeout")
        guard most >= resetTimeout else { throw Invalid("maximumResetTimeout", "must be at least resetTimeout") }
        self.growthFactor = try Self.number(growthFactor, 1...10, "growthFactor")
        self.jitter = try Self.number(jitter, 0...0.5, "jitter")
        self.halfOpenPermits = try Self.count(halfOpenPermits, "halfOpenPermits")
        self.halfOpenMaximumWait = try Self.time(halfOpenMaximumWait, "halfOpenMaximumWait")
        self.closesAfterMaximumWait = closesAfterMaximumWait
        guard 1...2 ~= minimumReporters else { throw Invalid("minimumReporters", "must be 1 or 2") }
        self.minimumReporters = minimumReporters
        self.failureDecay = try Self.time(failureDecay, "failureDecay")
        self.window = window
        json = JSONText(
            Members(
                times: [
                    ("callTimeout", callTimeout), ("leaseMargin", leaseMargin), ("resetTimeout", resetTimeout),
                    ("maximumResetTimeout", most), ("halfOpenMaximumWait", halfOpenMaximumWait),
                    ("failureDecay", failureDecay), ("window", window?.length),
                ],
                counts: [
                    ("failureThreshold", failureThreshold), ("successThreshold", successThreshold),
                    ("halfOpenPermits", halfOpenPermits), ("minimumReporters", minimumReporters),
                    ("minimumCalls", window?.minimumCalls),
                ],
                numbers: [
                    ("growthFactor", growthFactor), ("jitter", jitter), ("failureRate", window?.failureRate),
                    ("slowCallRate", window?.slowCallRate),
                ],
                closesAfterMaximumWait: closesAfterMaximumWait
            )
        )
    }
}

extension CircuitBreakerPolicy {
    /// The longest lease that a call's own time can give a probe, without the margin.
    private static let longestCall = Duration.seconds(3_600)

    /// The policy for calls that may take longer than ``callTimeout``, so that the lease of a probe is as long.
    package func lasting(_ duration: Duration) -> CircuitBreakerPolicy {
        let time = max(callTimeout, min(duration, Self.longestCall))
        guard time > callTimeout else { return self }
        let longer = try? CircuitBreakerPolicy(
            failureThreshold: failureThreshold,
            successThreshold: successThreshold,
            callTimeout: time,
            leaseMargin: leaseMargin,
            resetTimeout: resetTimeout,
            maximumResetTimeout: maximumResetTimeout,
            growthFactor: growthFactor,
            jitter: jitter,
            halfOpenPermits: halfOpenPermits,
            halfOpenMaximumWait: halfOpenMaximumWait,
            closesAfterMaximumWait: closesAfterMaximumWait,
            minimumReporters: minimumReporters,
            failureDecay: failureDecay,
            window: window
        )
        return longer ?? self
    }

    /// A parameter is invalid.
    public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        public let parameter: String

        /// The rule that the value breaks.
        public let rule: String

        init(_ parameter: String, _ rule: String) {
            self.parameter = parameter
            self.rule = rule
        }

        public var description: String { "\(parameter) \(rule)" }
    }

    /// The longest duration of a parameter, so that sums of several fit into clocks and database columns.
    static let longest = Duration.seconds(366 * 86_400)

    static func count(_ value: Int, _ parameter: String) throws(Invalid) -> Int {
        guard 1...1_000_000 ~= value else { throw Invalid(parameter, "must be from 1 to 1000000") }
        return value
    }

    static func time(_ value: Duration, _ parameter: String) throws(Invalid) -> Duration {
        guard .milliseconds(1)...longest ~= value else {
            throw Invalid(parameter, "must be from a millisecond to 366 days")
        }
        return value
    }

    static func time(_ value: Duration?, _ parameter: String) throws(Invalid) -> Duration? {
        guard let value else { return nil }
        return try time(value, parameter) as Duration
    }

    static func number(
        _ value: Double,
        _ range: ClosedRange<Double>,
        _ parameter: String
    ) throws(Invalid) -> Double {
        // NaN is in no range, so it is rejected too.
        guard range ~= value else {
            throw Invalid(parameter, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A policy as the SQL functions read it: times in microseconds, and no members for parameters that are nil.
    struct Members: JSONEncodable {
        let times: [(String, Duration?)]
        let counts: [(String, Int?)]
        let numbers: [(String, Double?)]
        let closesAfterMaximumWait: Bool

        func encode(to json: inout JSONWriter) {
            json.object { json in
                for case (let name, let value?) in times { json.member(name, value.wholeMicroseconds) }
                for case (let name, let value?) in counts { json.member(name, value) }
                for case (let name, let value?) in numbers {
                    // Swift prints finite numbers as valid JSON, and other numbers were rejected.
                    json.member(name, JSONText(trusted: Array("\(value)".utf8)))
                }
                json.member("closesAfterMaximumWait", closesAfterMaximumWait)
            }
        }
    }
}
