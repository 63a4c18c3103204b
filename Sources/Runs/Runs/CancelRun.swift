public import Base
public import Core
import Postgres

extension Run {
    /// A run that was cancelled, and how it stands.
    public struct Cancelled: OutputObject {
        let id: ID<Run>
        let status: RunStatus

        public static let fields: [OutputField<Cancelled>] = [
            OutputField("runId", "The run.") { $0.id },
            OutputField("status", "How it stands: cancelling while workers have steps of it, or how it ended.") {
                $0.status
            },
        ]
    }

    private static var cancelling: Action {
        Action("run.cancel", needs: .write, refusal: "Insufficient permissions to cancel runs")
    }

    /// Cancels a run: what nobody works on ends at once, and workers stop with their next heartbeat.
    ///
    /// A run that has ended stays as it is, and cancelling again changes nothing.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found`.
    public static func cancel(_ reference: Reference, in context: inout Context) throws -> Cancelled {
        let (team, run) = (reference.team, reference.run)
        _ = try context.user(attempting: cancelling, on: team)
        let rows = try context.write("SELECT * FROM nofx.cancel_run(\(team), \(run), \(context.record))")
        guard let row = rows.first else { throw Problem.internal }
        switch try row["outcome"] as String {
        case "ok": break
        case "no_member": throw Denial.notMember(cancelling, team: team)
        case "forbidden": throw Denial.missing(cancelling, team: team, role: try row["role"])
        case "no_run": throw Problem.runNotFound
        default: throw Problem.internal
        }
        if try row["changes_state"] { try context.noteActivity(row, "run.cancelled", team: team, ["runId": run]) }
        return Cancelled(id: run, status: try row["status"])
    }
}
