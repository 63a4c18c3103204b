public import Base
public import System

extension CircuitBreakerPolicy {
    /// Reads a policy from the variables `NOFX_BREAKER_…`; unset variables keep the default.
    ///
    /// - Throws: `ConfigurationError` for the first invalid variable.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let read = Variables(environment)
        let length = try read.time("WINDOW_MS")
        let minimumCalls = try read.count("MIN_CALLS")
        let failureRate = try read.number("FAILURE_RATE")
        let slowCallDuration = try read.time("SLOW_MS")
        let slowCallRate = try read.number("SLOW_RATE")
        let failureThreshold = try read.count("FAILURE_THRESHOLD")
        let successThreshold = try read.count("SUCCESS_THRESHOLD")
        let callTimeout = try read.time("TIMEOUT_MS")
        let resetTimeout = try read.time("RESET_MS")
        let maximumResetTimeout = try read.time("MAX_RESET_MS")
        let growthFactor = try read.number("GROWTH")
        let jitter = try read.number("JITTER")
        let permits = try read.count("PERMITS")
        let halfOpenMaximumWait = try read.time("HALF_OPEN_MAX_MS")
        let closesAfterMaximumWait = try environment.flag(Variables.prefix + "HALF_OPEN_CLOSES")
        let minimumReporters = try read.count("MIN_REPORTERS")
        let failureDecay = try read.time("DECAY_MS")
        if length == nil, minimumCalls != nil || failureRate != nil || slowCallDuration != nil || slowCallRate != nil {
            throw ConfigurationError(Variables.prefix + "WINDOW_MS", "must be set where a rate is")
        }
        do throws(Invalid) {
            try self.init(
                failureThreshold: failureThreshold ?? 5,
                successThreshold: successThreshold ?? 2,
                callTimeout: callTimeout ?? .seconds(60),
                resetTimeout: resetTimeout ?? .seconds(120),
                maximumResetTimeout: maximumResetTimeout,
                growthFactor: growthFactor ?? 1,
                jitter: jitter ?? 0,
                halfOpenPermits: permits ?? 2,
                halfOpenMaximumWait: halfOpenMaximumWait,
                closesAfterMaximumWait: closesAfterMaximumWait,
                minimumReporters: minimumReporters ?? 1,
                failureDecay: failureDecay,
                window: try Self.window(length, minimumCalls, failureRate, slowCallDuration, slowCallRate)
            )
        } catch {
            throw ConfigurationError(Variables.name(of: error.parameter), error.rule)
        }
    }

    private static func window(
        _ length: Duration?,
        _ minimumCalls: Int?,
        _ failureRate: Double?,
        _ slowCallDuration: Duration?,
        _ slowCallRate: Double?
    ) throws(Invalid) -> CircuitWindow? {
        guard let length else { return nil }
        return try CircuitWindow(
            length: length,
            minimumCalls: minimumCalls ?? 100,
            failureRate: failureRate,
            slowCallDuration: slowCallDuration,
            slowCallRate: slowCallRate
        )
    }
}

/// Reads the variables of a policy.
private struct Variables {
    static let prefix = "NOFX_BREAKER_"

    private let environment: Environment

    init(_ environment: Environment) {
        self.environment = environment
    }

    func count(_ name: String) throws(ConfigurationError) -> Int? {
        try integer(name, in: 1...1_000_000)
    }

    func time(_ name: String) throws(ConfigurationError) -> Duration? {
        let most = CircuitBreakerPolicy.longest.wholeMicroseconds / 1_000
        return try integer(name, in: 1...Int(most)).map { .milliseconds($0) }
    }

    func number(_ name: String) throws(ConfigurationError) -> Double? {
        guard let text = environment[Self.prefix + name] else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw ConfigurationError(Self.prefix + name, "must be a number")
        }
        return number
    }

    private func integer(_ name: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard environment[Self.prefix + name] != nil else { return nil }
        return try environment.integer(Self.prefix + name, in: range, default: 0)
    }

    /// The variable of a parameter, for the parameters whose rule is more than a range.
    static func name(of parameter: String) -> String {
        switch parameter {
        case "maximumResetTimeout": prefix + "MAX_RESET_MS"
        case "growthFactor": prefix + "GROWTH"
        case "jitter": prefix + "JITTER"
        case "minimumReporters": prefix + "MIN_REPORTERS"
        case "failureRate": prefix + "FAILURE_RATE"
        case "slowCallDuration": prefix + "SLOW_MS"
        case "slowCallRate": prefix + "SLOW_RATE"
        default: prefix + parameter
        }
    }
}
