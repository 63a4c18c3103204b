import Base
import Postgres
import Reliability

extension CircuitAdmission {
    /// Reads what `nofx.circuit_acquire` answered.
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
    /// Reads what `nofx.circuit_record` answered; nil when nothing changed.
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
    /// An outcome as `nofx.circuit_record` takes it.
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
