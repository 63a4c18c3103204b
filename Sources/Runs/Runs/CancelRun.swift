public import Base
public import Core
import Postgres

extension Run {
    /// The output of cancelRun.
    public struct Cancelled: OutputObject {
        let id: ID<Run>
        let status: RunStatus

        public static let fields: [OutputField<Cancelled>] = [
            OutputField("runId", "The run.") { $0.id },
            OutputField("status", "The status: cancelling while workers still hold steps, or the final status.") {
                $0.status
            },
        ]
    }

    private static var cancelling: Action {
        Action("run.cancel", needs: .write, refusal: "Insufficient permissions to cancel runs")
    }

    /// Cancels a run.
    ///
    /// Steps that no worker holds end at once; workers stop the others with their next heartbeat.
    ///
    /// A run that has ended does not change, and cancelling twice has no further effect.
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
