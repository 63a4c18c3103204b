package import Base

/// When a circuit breaker opens, for how long, and what closes it again.
///
/// A policy travels with its calls: two programs that use one name with different policies are judged each by its own.
public struct CircuitBreakerPolicy: Hashable, Sendable {
    /// How many failures in a row open the breaker.
    public let failureThreshold: Int

    /// How many probes must succeed to close it.
    public let successThreshold: Int

    /// How long a call may take; a probe that has not answered by then and ``leaseMargin`` is given up.
    public let callTimeout: Duration

    /// What a probe gets beyond its ``callTimeout`` to be recorded.
    public let leaseMargin: Duration

    /// How long the breaker stays open when it opens for the first time.
    public let resetTimeout: Duration

    /// The longest that it stays open, however often it opened.
    public let maximumResetTimeout: Duration

    /// By what the time grows each time that probes fail; 1 keeps it.
    public let growthFactor: Double

    /// How far from its length the time may be drawn at random, as a part of it; 0 keeps it.
    public let jitter: Double

    /// How many probes may be under way at once, in all processes together.
    public let halfOpenPermits: Int

    /// How long probing may go on before it is given up; nil for ever.
    public let halfOpenMaximumWait: Duration?

    /// Whether the breaker is closed, not opened, when probing is given up.
    public let closesAfterMaximumWait: Bool

    /// 2 when a single process needs twice the failures to open the breaker, because its own network may be what is
    /// broken; else 1.
    public let minimumReporters: Int

    /// The age at which failures no longer count; nil for none.
    public let failureDecay: Duration?

    /// What is looked at beside failures in a row; nil for nothing.
    ///
    /// With a window every call is recorded, so that a healthy one writes.
    public let window: CircuitWindow?

    /// What the functions in the schema are told, made once.
    package let json: JSONText

    /// Makes a policy.
    ///
    /// What is left out is as it is for every provider: five failures in a row open the breaker for two minutes, and
    /// two probes close it.
    ///
    /// - Parameters:
    ///   - failureThreshold: How many failures in a row open it.
    ///   - successThreshold: How many probes must succeed.
    ///   - callTimeout: How long a call may take.
    ///   - leaseMargin: What a probe gets beyond that.
    ///   - resetTimeout: How long it stays open.
    ///   - maximumResetTimeout: The longest; half an hour, or `resetTimeout` where that is longer.
    ///   - growthFactor: By what the time grows, 1 to 10.
    ///   - jitter: How far it may be drawn, 0 to 0.5.
    ///   - halfOpenPermits: How many probes at once.
    ///   - halfOpenMaximumWait: How long probing may go on.
    ///   - closesAfterMaximumWait: What happens then.
    ///   - minimumReporters: 1 or 2.
    ///   - failureDecay: The age at which failures no longer count.
    ///   - window: What is looked at beside.
    /// - Throws: ``Invalid`` for the first parameter that cannot be.
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
    /// A parameter that cannot be.
    public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        /// Its name.
        public let parameter: String

        /// What it must be.
        public let rule: String

        init(_ parameter: String, _ rule: String) {
            self.parameter = parameter
            self.rule = rule
        }

        public var description: String { "\(parameter) \(rule)" }
    }

    /// The longest time that can be told; sums of some stay within what clocks and databases can count.
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
        // NaN is in no range.
        guard range ~= value else {
            throw Invalid(parameter, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A policy as the functions in the schema read it: times in microseconds, and nothing that is not there.
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
                    // Swift writes numbers as JSON does, those that are none were refused.
                    json.member(name, JSONText(trusted: Array("\(value)".utf8)))
                }
                json.member("closesAfterMaximumWait", closesAfterMaximumWait)
            }
        }
    }
}
