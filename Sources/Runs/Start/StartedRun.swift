public import Base
import Core
import Postgres

/// A run that has just begun.
public struct StartedRun: OutputObject {
    let id: ID<Run>
    let steps: [Step]
    let rerunOf: ID<Run>?
    let createdAt: Timestamp

    /// Whether there is anything to do but to decide.
    private var status: String { steps.contains { $0.status == .queued } ? "running" : "waiting" }

    public static let fields: [OutputField<StartedRun>] = [
        OutputField("runId", "The run.") { $0.id },
        OutputField("status", "How it stands: running, or waiting where nothing can begin before a gate is decided.") {
            $0.status
        },
        OutputField("steps", "How its steps stand, in the order of the plan.") { $0.steps },
        OutputField("rerunOf", "The run whose plan it does again; null for a plan of its own.") { $0.rerunOf },
        OutputField("createdAt", "When it was started.") { $0.createdAt },
    ]

    /// A step of a run that has just begun.
    struct Step: OutputObject {
        let name: String
        let status: Status

        static let fields: [OutputField<Step>] = [
            OutputField("name", "What the plan calls it.") { $0.name },
            OutputField("status", "Whether it is blocked by others, queued for a worker or waiting for a person.") {
                $0.status
            },
        ]
    }

    /// How a step stands when its run has just begun.
    enum Status: String, CaseIterable, OutputValue {
        case blocked, queued, waiting

        /// What becomes of a step at once.
        init(isGate: Bool, isFree: Bool) {
            self = isFree ? isGate ? .waiting : .queued : .blocked
        }
    }
}

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
