public import Base
import Core
import Postgres

/// A run that was just started.
public struct StartedRun: OutputObject {
    let id: ID<Run>
    let steps: [Step]
    let rerunOf: ID<Run>?
    let createdAt: Timestamp

    /// Running if a step is queued for workers, otherwise waiting.
    private var status: String { steps.contains { $0.status == .queued } ? "running" : "waiting" }

    public static let fields: [OutputField<StartedRun>] = [
        OutputField("runId", "The run.") { $0.id },
        OutputField("status", "The status: running, or waiting if only manual gates are outstanding.") {
            $0.status
        },
        OutputField("steps", "The steps, in the order of the plan.") { $0.steps },
        OutputField("rerunOf", "The run that this run repeats; null if it has its own plan.") { $0.rerunOf },
        OutputField("createdAt", "When the run was started.") { $0.createdAt },
    ]

    /// A step of a run that was just started.
    struct Step: OutputObject {
        let name: String
        let status: Status

        static let fields: [OutputField<Step>] = [
            OutputField("name", "The name of the step.") { $0.name },
            OutputField("status", "The status: blocked by dependencies, queued for a worker, or a waiting gate.") {
                $0.status
            },
        ]
    }

    /// The status of a step in a new run.
    enum Status: String, CaseIterable, OutputValue {
        case blocked, queued, waiting

        /// The status of a step by whether it is a gate, and whether it has no dependencies.
        init(isGate: Bool, isFree: Bool) {
            self = isFree ? isGate ? .waiting : .queued : .blocked
        }
    }
}

/// The outcomes of `nofx.start_run` and `nofx.rerun`.
enum StartOutcome {
    /// Throws unless the run was started.
    ///
    /// - Parameters:
    ///   - row: A row of `nofx.start_run` or `nofx.rerun`.
    ///   - action: The action that the caller attempted.
    ///   - team: The team that owns the run.
    /// - Throws: A `Denial`; 403 `policy_denied`, 404 `run_not_found`, 429 `queue_full` or `storage_full`.
    static func check(_ row: Row, _ action: Action, team: ID<Run.Team>) throws {
        switch try row["outcome"] as String {
        case "ok": return
        case "no_member": throw Denial.notMember(action, team: team)
        case "forbidden": throw Denial.missing(action, team: team, role: try row["role"])
        case "no_run": throw Problem.runNotFound
        default: throw try refusal(row)
        }
    }

    /// The refusal in a row of `nofx.start_run`, `nofx.rerun` or `nofx.start_refusals`.
    static func refusal(_ row: Row) throws -> Problem {
        switch try row["outcome"] as String {
        case "tools_denied": Problem.policyDenied(try row["denied"])
        case "scopes_denied": Problem.policyDenied(scopes: try row["denied"])
        case "models_denied": Problem.policyDenied(models: try row["denied"])
        case "queue_full": Problem.queueFull
        case "storage_full": Problem.storageFull
        default: Problem.internal
        }
    }
}
