import Base
import Postgres
public import Reliability

/// While a provider is healthy, a permit is one read by primary key, and a success writes nothing.
extension PostgresStores: CircuitBreakerStore {
    public mutating func acquire(
        _ name: String,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission {
        let row = try run(
            """
            SELECT state = 'closed' AND coalesce(not_before <= clock_timestamp(), true) AS is_clear, generation,
                   failures > 0 AS has_failures
            FROM nofx.circuit_breakers WHERE name = \(name)
            """,
            within: answerLimit,
            connecting: connectLimit
        ).first
        // Any other state is judged under the row lock. The breaker may be closed by then.
        guard try row?["is_clear"] ?? true else { return try judge(name, under: policy) }
        return .permitted(
            CircuitPermit(
                name: name,
                generation: try row?["generation"] ?? 0,
                isProbe: false,
                hasFailures: try row?["has_failures"] ?? false,
                isUnrecorded: false,
                transition: nil
            )
        )
    }

    /// Asks for a permit under the row lock, for a breaker that is not closed or has a cool-down.
    private mutating func judge(_ name: String, under policy: CircuitBreakerPolicy) throws -> CircuitAdmission {
        let rows = try run(
            """
            SELECT verdict, generation, has_failures, wait, error, transition
            FROM nofx.circuit_acquire(\(name), \(policy.json))
            """,
            within: answerLimit,
            connecting: connectLimit
        )
        return try CircuitAdmission(name: name, row: rows.first)
    }

    public mutating func record(
        _ outcome: CircuitOutcome,
        of permit: consuming CircuitPermit,
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitTransition? {
        guard permit.changesState(outcome, under: policy) else { return nil }
        let report = outcome.columns
        let isSlow = policy.window?.isSlow(permit.duration) ?? false
        let rows = try run(
            """
            SELECT transition, wait, exceeded
            FROM nofx.circuit_record(\(permit.name), \(permit.generation), \(report.kind), \(report.error),
                                     \(report.wait), \(report.reason), \(permit.hasFailures), \(isSlow), \(reporter),
                                     \(policy.json))
            """,
            within: answerLimit,
            connecting: connectLimit
        )
        return try CircuitTransition(recorded: rows.first)
    }
}

extension CircuitAdmission {
    /// Reads the answer of `nofx.circuit_acquire`.
    init(name: String, row: borrowing Row?) throws {
        guard let row = copy row else { throw Problem.internal }
        let verdict: String = try row["verdict"]
        let transition = try CircuitTransition(name: row["transition"], wait: row["wait"], exceeded: [])
        if let reason = CircuitRejection.Reason(rawValue: verdict) {
            let wait: Int64? = try row["wait"]
            self = .rejected(
                CircuitRejection(
                    reason,
                    retryAfter: wait.map { .microseconds($0) },
                    lastError: try row["error"],
                    transition: transition
                )
            )
            return
        }
        self = .permitted(
            CircuitPermit(
                name: name,
                generation: try row["generation"],
                isProbe: verdict == "probe",
                hasFailures: try row["has_failures"],
                isUnrecorded: verdict == "unrecorded",
                transition: transition
            )
        )
    }
}

extension CircuitTransition {
    /// Reads the answer of `nofx.circuit_record`; nil when the state did not change.
    init?(recorded row: borrowing Row?) throws {
        guard let row = copy row else { throw Problem.internal }
        try self.init(name: row["transition"], wait: row["wait"], exceeded: row["exceeded"] ?? [])
    }

    fileprivate init?(name: String?, wait: Int64?, exceeded: [String]) {
        switch name {
        case "opened": self = .opened(for: .microseconds(wait ?? 0))
        case "half_opened": self = .halfOpened
        case "closed": self = .closed
        case "exceeded": self = .exceeded(exceeded.compactMap(CircuitLimit.init))
        default: return nil
        }
    }
}

extension CircuitOutcome {
    /// The arguments of `nofx.circuit_record` that describe an outcome.
    struct Columns {
        let kind: String
        var error: String?
        var wait: Int64?
        var reason: String?
    }

    var columns: Columns {
        switch self {
        case .success: Columns(kind: "success")
        case .failure(let error): Columns(kind: "failure", error: error)
        case .neutral: Columns(kind: "neutral")
        case .limited(let wait, let reason):
            Columns(kind: "limited", wait: wait.wholeMicroseconds, reason: reason.rawValue)
        }
    }
}
