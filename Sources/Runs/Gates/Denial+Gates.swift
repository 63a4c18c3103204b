import Base
import Core
import Postgres

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
