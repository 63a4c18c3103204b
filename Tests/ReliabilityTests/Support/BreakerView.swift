import Postgres

@testable import Core
@testable import Reliability

/// A breaker's state in a form that all stores share; times are durations from now.
///
/// The database's clock advances while a test runs. Durations are therefore compared in units of 100 seconds, rounded
/// up; tests use only whole units.
struct BreakerView: Equatable {
    var state = "closed"
    var generation: Int64 = 0
    var failures = 0
    var reporters = 0
    var opens = 0
    var totalOpens = 0
    var permitsLeft = 0
    var probeSuccesses = 0
    var lastError: String?
    var openUnits: Int?
    var probeUnits: Int?
    var cooldownUnits: Int?
    var cooldownReason: String?

    /// The remaining units, rounded up; nil if the time has passed.
    static func units(_ seconds: Double?) -> Int? {
        guard let seconds, seconds > 0 else { return nil }
        return Int((seconds / 100).rounded(.up))
    }
}

extension BreakerView: RowDecodable {
    init(row: borrowing Row) throws(PostgresError) {
        state = try row["state"]
        generation = try row["generation"]
        failures = try row["failures"]
        reporters = try row["reporters"]
        opens = try row["opens"]
        totalOpens = try row["total_opens"]
        permitsLeft = try row["permits_left"]
        probeSuccesses = try row["probe_successes"]
        lastError = try row["last_error"]
        let (open, probing, gated): (String?, String?, String?) = (
            try row["open"], try row["probing"], try row["gated"]
        )
        openUnits = Self.units(open.flatMap(Double.init))
        probeUnits = Self.units(probing.flatMap(Double.init))
        cooldownUnits = Self.units(gated.flatMap(Double.init))
        cooldownReason = cooldownUnits == nil ? nil : try row["cooldown_reason"]
    }
}

extension BreakerView {
    init(_ breaker: CircuitState, at now: Duration) {
        state = breaker.phase.rawValue
        generation = breaker.generation
        failures = breaker.failures
        reporters = breaker.reporters
        opens = breaker.opens
        totalOpens = breaker.totalOpens
        permitsLeft = breaker.permitsLeft
        probeSuccesses = breaker.probeSuccesses
        lastError = breaker.lastError
        openUnits = Self.units((breaker.openUntil - now) / .seconds(1))
        probeUnits = Self.units((breaker.probeDeadline - now) / .seconds(1))
        cooldownUnits = Self.units(breaker.cooldown.map { ($0.until - now) / .seconds(1) })
        cooldownReason = cooldownUnits == nil ? nil : breaker.cooldown?.reason.rawValue
    }
}
