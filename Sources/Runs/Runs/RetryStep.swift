public import Base
public import Core
import Postgres

extension Run {
    /// The output of retryStep.
    public struct RetriedStep: OutputObject {
        let id: ID<Run>
        let step: StepName
        let status: RunStatus

        public static let fields: [OutputField<RetriedStep>] = [
            OutputField("runId", "The run.") { $0.id },
            OutputField("step", "The step.") { $0.step },
            OutputField("status", "The status of the run: running, or waiting if the step is a gate.") { $0.status },
        ]
    }

    private static var retrying: Action {
        Action("run.retry_step", needs: .write, refusal: "Insufficient permissions to retry steps")
    }

    /// Makes a failed, timed-out or cancelled step runnable again, with the steps that were skipped or cancelled
    /// because of it.
    ///
    /// Gates that depend on it are reopened, because their decisions were about its old result.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found` or `step_not_found`; 409 `step_not_retryable`; 429 `queue_full`.
    public static func retryStep(_ reference: StepReference, in context: inout Context) throws -> RetriedStep {
        let (team, run, step) = (reference.team, reference.run, reference.step)
        _ = try context.user(attempting: retrying, on: team)
        let rows = try context.write(
            """
            SELECT * FROM nofx.retry_step(\(team), \(run), \(step.rawValue), \(context.record),
                                          \(context.quotas.queuedStepsPerTeam)::integer)
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        switch try row["outcome"] as String {
        case "ok": break
        case "no_member": throw Denial.notMember(retrying, team: team)
        case "forbidden": throw Denial.missing(retrying, team: team, role: try row["role"])
        case "no_run": throw Problem.runNotFound
        case "no_step": throw Problem.stepNotFound
        case "queue_full": throw Problem.queueFull
        case "conflict": throw Problem.stepNotRetryable(try row["conflict"])
        default: throw Problem.internal
        }
        try context.noteActivity(row, "run.step_retried", team: team, ["runId": run, "step": step])
        return RetriedStep(id: run, step: step, status: try row["status"])
    }
}
