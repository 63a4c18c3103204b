import Base
import Core
import Postgres

extension Problem {
    /// A plan uses tools that its own steps or its team do not allow.
    static func policyDenied(_ tools: [String]) -> Problem {
        Problem(
            status: 403,
            code: "policy_denied",
            detail: "The plan uses tools that are not allowed.",
            lists: ["tools": tools]
        )
    }

    /// A plan wants secrets that its team may not have.
    static func policyDenied(scopes: [String]) -> Problem {
        Problem(
            status: 403,
            code: "policy_denied",
            detail: "The plan wants secrets that the team may not have.",
            lists: ["secretsScopes": scopes]
        )
    }

    /// The team has no such run.
    static let runNotFound = Problem(status: 404, code: "run_not_found", detail: "The team has no such run.")

    /// As much waits to be done as may.
    static let queueFull = Problem(
        status: 429,
        code: "queue_full",
        detail: "Too many steps wait to be done. Start the run again when some are.",
        retryAfter: 10
    )
}

extension Problem {
    /// The run has no such step.
    static let stepNotFound = Problem(status: 404, code: "step_not_found", detail: "The run has no such step.")

    /// A step is not done again as it stands.
    ///
    /// - Parameter conflict: What forbids it: `cancelling`, `dependencies`, or the step's status.
    /// - Returns: What its caller is told.
    static func stepNotRetryable(_ conflict: String) -> Problem {
        let detail =
            switch conflict {
            case "cancelling": "The run is being cancelled."
            case "dependencies": "A step that it depends on was not done."
            default: "The step is \(conflict)."
            }
        return Problem(status: 409, code: "step_not_retryable", detail: detail, members: ["forbiddenBy": conflict])
    }
}

extension Problem {
    /// The step is no gate, or is not there yet.
    static let gateNotFound = Problem(
        status: 404,
        code: "gate_not_found",
        detail: "The run has no such gate, or has not come to it."
    )

    /// A gate that is not pending any more is not decided again.
    static func gateDecided(_ status: GateStatus) -> Problem {
        switch status {
        case .expired: Problem(status: 409, code: "gate_expired", detail: "Nobody decided in time.")
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
    /// Refuses somebody who may not decide a gate.
    ///
    /// - Parameters:
    ///   - outcome: Why not, as `nofx.decide_gate` says it.
    ///   - row: What it says beside that.
    ///   - action: What was attempted.
    ///   - team: Whose gate it is.
    /// - Throws: `PostgresError`; an internal `Problem` for a reason that nobody knows.
    init(_ outcome: String, _ row: Row, _ action: Action, team: ID<Run.Team>) throws {
        let (role, required): (Role?, Role?) = (try row["role"], try row["required"])
        switch (outcome, required) {
        case ("forbidden", nil):
            self = .missing(action, team: team, role: role)
        case ("forbidden", let required?):
            let problem = Problem(
                status: 403,
                code: "forbidden",
                detail: "The gate is for members with the role \(required.rawValue) or a higher one.",
                members: ["requiredRole": required.rawValue]
            )
            self.init(action, team: team.uuid, reason: .roleTooLow, problem: problem, role: role)
        case ("own_run", _):
            let detail = "Somebody else than who started the run has to decide."
            let problem = Problem(status: 403, code: "own_run_approval", detail: detail)
            self.init(action, team: team.uuid, reason: .ownRun, problem: problem, role: role)
        case ("no_waiver", _):
            let problem = Problem(
                status: 403,
                code: "waiver_not_allowed",
                detail: "The plan does not let this gate be waived."
            )
            self.init(action, team: team.uuid, reason: .noWaiver, problem: problem, role: role)
        default:
            throw Problem.internal
        }
    }
}
