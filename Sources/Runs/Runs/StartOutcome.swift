import Base
import Core
import Postgres

/// What the database said when a run was to be started.
enum StartOutcome {
    /// Takes the run, or says why there is none.
    ///
    /// - Parameters:
    ///   - row: A row of `nofx.start_run` or `nofx.rerun`.
    ///   - action: What was attempted.
    ///   - team: Whose run it was to be.
    /// - Throws: A `Denial`; 403 `policy_denied`, 404 `run_not_found`, 429 `queue_full`.
    static func check(_ row: Row, _ action: Action, team: ID<Run.Team>) throws {
        switch try row["outcome"] as String {
        case "ok": return
        case "no_member": throw Denial.notMember(action, team: team)
        case "forbidden": throw Denial.missing(action, team: team, role: try row["role"])
        case "tools_denied": throw Problem.policyDenied(try row["denied"])
        case "scopes_denied": throw Problem.policyDenied(scopes: try row["denied"])
        case "no_run": throw Problem.runNotFound
        case "queue_full": throw Problem.queueFull
        default: throw Problem.internal
        }
    }
}
