public import Base
import Postgres
public import Reliability

/// While a provider is healthy, a permit is one read by primary key, and a success writes nothing.
extension PostgresStores: CircuitBreakerStore {
    public mutating func acquire(
        _ names: [String],
        under policy: CircuitBreakerPolicy
    ) throws -> CircuitAdmission {
        let rows = try run(
            """
            SELECT name, state = 'closed' AND coalesce(not_before <= clock_timestamp(), true) AS is_clear, generation,
                   failures > 0 AS has_failures
            FROM nofx.circuit_breakers WHERE name = ANY (\(names))
            """,
            within: answerLimit,
            connecting: connectLimit
        )
        var grants: [String: CircuitGrant] = [:]
        var unclear: Set<String> = []
        for index in 0..<rows.count {
            let name: String = try rows[index]["name"]
            if try rows[index]["is_clear"] {
                grants[name] = CircuitGrant(
                    name: name,
                    generation: try rows[index]["generation"],
                    hasFailures: try rows[index]["has_failures"]
                )
            } else {
                unclear.insert(name)
            }
        }
        if !unclear.isEmpty {
            // Any other state is judged under the row's lock. The breaker may be closed by then.
            switch try judge(names.filter(unclear.contains), under: policy) {
            case .rejected(let rejection): return .rejected(rejection)
            case .permitted(let permit): for grant in permit.grants { grants[grant.name] = grant }
            }
        }
        return .permitted(CircuitPermit(names.map { grants[$0] ?? CircuitGrant(name: $0) }))
    }

    /// Asks for a permit under the locks of the rows, for breakers that are not closed or have a cool-down.
    private mutating func judge(_ names: [String], under policy: CircuitBreakerPolicy) throws -> CircuitAdmission {
        let rows = try run(
            """
            SELECT name, verdict, generation, has_failures, wait, error, transition
            FROM nofx.circuits_acquire(\(names), \(policy.json))
            """,
            within: answerLimit,
            connecting: connectLimit
        )
        var grants: [CircuitGrant] = []
        for index in 0..<rows.count {
            if let rejection = try CircuitRejection(judged: rows[index]) { return .rejected(rejection) }
            grants.append(try CircuitGrant(judged: rows[index]))
        }
        return .permitted(CircuitPermit(grants))
    }

    public mutating func record(
        _ outcomes: [CircuitOutcome],
        of permit: consuming CircuitPermit,
        for tenant: UUID?,
        under policy: CircuitBreakerPolicy
    ) throws -> [CircuitChange] {
        let changes = permit.changes(outcomes, under: policy)
        guard !changes.isEmpty else { return [] }
        let isSlow = policy.window?.isSlow(permit.duration) ?? false
        let rows = try run(
            """
            SELECT name, transition, wait, exceeded
            FROM nofx.circuits_record(\(Self.json(of: changes)), \(isSlow), \(reporter), \(policy.json), \(tenant))
            """,
            within: answerLimit,
            connecting: connectLimit
        )
        return try (0..<rows.count).compactMap { index in
            try CircuitTransition(
                name: rows[index]["transition"],
                wait: rows[index]["wait"],
                exceeded: rows[index]["exceeded"] ?? []
            ).map { CircuitChange(name: try rows[index]["name"], $0) }
        }
    }

    /// The outcomes as `nofx.circuits_record` reads them.
    private static func json(of changes: [(grant: CircuitGrant, outcome: CircuitOutcome)]) -> JSONText {
        var json = JSONWriter()
        json.array { json in
            for (grant, outcome) in changes {
                json.object { json in
                    json.member("name", grant.name)
                    json.member("generation", Int(grant.generation))
                    json.member("hasFailures", grant.hasFailures)
                    outcome.write(to: &json)
                }
            }
        }
        return JSONText(trusted: json.bytes)
    }
}

extension CircuitRejection {
    /// Reads an answer of `nofx.circuits_acquire`; nil if it is no rejection.
    fileprivate init?(judged row: borrowing Row) throws {
        guard let reason = Reason(rawValue: try row["verdict"]) else { return nil }
        let wait: Int64? = try row["wait"]
        self.init(
            of: try row["name"],
            reason,
            retryAfter: wait.map { .microseconds($0) },
            lastError: try row["error"],
            transition: try CircuitTransition(name: row["transition"], wait: wait, exceeded: [])
        )
    }
}

extension CircuitGrant {
    /// Reads an answer of `nofx.circuits_acquire` that is no rejection.
    fileprivate init(judged row: borrowing Row) throws {
        let verdict: String = try row["verdict"]
        self.init(
            name: try row["name"],
            generation: try row["generation"],
            isProbe: verdict == "probe",
            hasFailures: try row["has_failures"],
            isUnrecorded: verdict == "unrecorded",
            transition: try CircuitTransition(name: row["transition"], wait: row["wait"], exceeded: [])
        )
    }
}

extension CircuitTransition {
    /// Reads a transition of the SQL functions; nil when the state did not change.
    fileprivate init?(name: String?, wait: Int64?, exceeded: [String]) {
        switch name {
        case "opened": self = .opened(for: .microseconds(wait ?? 0))
        case "half_opened": self = .halfOpened
        case "closed": self = .closed
        case "refused": self = .refused
        case "exceeded": self = .exceeded(exceeded.compactMap(CircuitLimit.init))
        default: return nil
        }
    }
}

extension CircuitOutcome {
    /// Writes the outcome as members of a report.
    fileprivate func write(to json: inout JSONWriter) {
        switch self {
        case .success: json.member("outcome", "success")
        case .failure(let error):
            json.member("outcome", "failure")
            json.member("error", error)
        case .suspicion(let error, let source):
            json.member("outcome", "suspicion")
            json.member("error", error)
            json.member("source", source)
        case .neutral: json.member("outcome", "neutral")
        case .limited(let wait, let reason):
            json.member("outcome", "limited")
            json.member("wait", Int(wait.wholeMicroseconds))
            json.member("reason", reason.rawValue)
        case .refused(let error):
            json.member("outcome", "refused")
            json.member("error", error)
        }
    }
}
