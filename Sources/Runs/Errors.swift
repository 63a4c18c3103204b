import Base
import Core
import Postgres

extension Problem {
    /// The plan uses tools that its own steps or the team's policy do not allow.
    static func policyDenied(_ tools: [String]) -> Problem {
        Problem(
            status: 403,
            code: "policy_denied",
            detail: "The plan uses tools that are not allowed. An operator allows them with setToolPolicy.",
            lists: ["tools": tools]
        )
    }

    /// The plan uses secret scopes that the team's policy does not allow.
    static func policyDenied(scopes: [String]) -> Problem {
        Problem(
            status: 403,
            code: "policy_denied",
            detail: "The plan uses secret scopes that the team's policy does not allow.",
            lists: ["secretsScopes": scopes]
        )
    }

    /// The plan uses AI models or routes that the team's policy does not allow.
    static func policyDenied(models: [String]) -> Problem {
        Problem(
            status: 403,
            code: "policy_denied",
            detail: "The plan uses AI models or routes that the team's policy does not allow.",
            lists: ["models": models]
        )
    }

    static let runNotFound = Problem(status: 404, code: "run_not_found", detail: "The team has no such run.")

    /// The queue has reached its limit of steps, for the team or in total.
    static let queueFull = Problem(
        status: 429,
        code: "queue_full",
        detail: "The limit of queued steps is reached. Try again later.",
        retryAfter: 10
    )
}

extension Problem {
    /// The runs of the team have as many bytes as they may.
    static let storageFull = Problem(
        status: 429,
        code: "storage_full",
        detail: "The team's runs have as many bytes as they may. Old runs are deleted after some time."
    )

    static let stepNotFound = Problem(status: 404, code: "step_not_found", detail: "The run has no such step.")

    /// The step cannot be retried in its current state.
    ///
    /// - Parameter conflict: The reason: `cancelling`, `dependencies`, or the step's status.
    /// - Returns: A 409 problem.
    static func stepNotRetryable(_ conflict: String) -> Problem {
        let detail =
            switch conflict {
            case "cancelling": "The run is being cancelled."
            case "dependencies": "A step that this one depends on did not succeed."
            default: "The step is \(conflict)."
            }
        return Problem(status: 409, code: "step_not_retryable", detail: detail, members: ["forbiddenBy": conflict])
    }
}

extension Problem {
    /// The step is not a gate, or the run has not reached it.
    static let gateNotFound = Problem(
        status: 404,
        code: "gate_not_found",
        detail: "The run has no such gate, or has not reached it yet."
    )

    /// A gate that is no longer pending cannot be decided again.
    static func gateDecided(_ status: GateStatus) -> Problem {
        switch status {
        case .expired: Problem(status: 409, code: "gate_expired", detail: "The gate expired before a decision.")
        default:
            Problem(
                status: 409,
                code: "gate_decided",
                detail: "The gate is \(status).",
                members: ["gateStatus": status.rawValue]
            )
        }
    }
}

extension Denial {
    /// The denial of a caller who may not decide a gate.
    ///
    /// - Parameters:
    ///   - outcome: The reason, as `nofx.decide_gate` returns it.
    ///   - row: The row that `nofx.decide_gate` returned.
    ///   - action: The action that the caller attempted.
    ///   - team: The team that owns the gate.
    /// - Throws: `PostgresError`; an internal `Problem` for an unknown reason.
    init(_ outcome: String, _ row: Row, _ action: Action, team: ID<Run.Team>) throws {
        let (role, required): (Role?, Role?) = (try row["role"], try row["required"])
        switch (outcome, required) {
        case ("forbidden", nil):
            self = .missing(action, team: team, role: role)
        case ("forbidden", let required?):
            let problem = Problem(
                status: 403,
                code: "forbidden",
                detail: "Only members with the role \(required.rawValue) or a higher one can decide this gate.",
                members: ["requiredRole": required.rawValue]
            )
            self.init(action, team: team.uuid, reason: .roleTooLow, problem: problem, role: role)
        case ("own_run", _):
            let detail = "The user who started the run or wrote its plan cannot decide this gate."
            let problem = Problem(status: 403, code: "own_run_approval", detail: detail)
            self.init(action, team: team.uuid, reason: .ownRun, problem: problem, role: role)
        case ("no_waiver", _):
            let problem = Problem(
                status: 403,
                code: "waiver_not_allowed",
                detail: "The plan does not allow this gate to be waived."
            )
            self.init(action, team: team.uuid, reason: .noWaiver, problem: problem, role: role)
        default:
            throw Problem.internal
        }
    }
}
