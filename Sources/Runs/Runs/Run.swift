public import Base
import Core
public import Postgres

/// A plan that a team has started.
public enum Run {}

extension Run {
    /// The team that owns a run; only its identifier is used.
    public enum Team {}
}

extension Run {
    /// An input that names a run.
    public struct Reference: InputObject {
        let team: ID<Team>
        let run: ID<Run>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            into: Reference.init
        )
    }

    /// An input that names a step of a run.
    public struct StepReference: InputObject {
        let team: ID<Team>
        let run: ID<Run>
        let step: StepName

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            Field("step", StepName.self, "The name of the step."),
            into: StepReference.init
        )
    }
}

/// A run without its steps.
public struct RunSummary: OutputObject, RowDecodable {
    let id: ID<Run>
    let goal: String
    let status: RunStatus
    let counts: RunCounts
    let rerunOf: ID<Run>?
    let createdBy: ID<User>
    let createdAt: Timestamp
    let deadlineAt: Timestamp?
    let cancelRequestedAt: Timestamp?
    let endedAt: Timestamp?

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["run_id"]
        goal = try row["goal"]
        status = try row["status"]
        counts = try RunCounts(row: row)
        rerunOf = try row["rerun_of"]
        createdBy = try row["created_by"]
        createdAt = try row["created_at"]
        deadlineAt = try row["deadline_at"]
        cancelRequestedAt = try row["cancel_requested_at"]
        endedAt = try row["ended_at"]
    }

    public static let fields: [OutputField<RunSummary>] = [
        OutputField("runId", "The run.") { $0.id },
        OutputField("goal", "The purpose of the run.") { $0.goal },
        OutputField("status", "The status; waiting: only manual gates are outstanding.") { $0.status },
        OutputField("counts", "The number of steps by state: total, open, failed, cancelled.") { $0.counts },
        OutputField("rerunOf", "The run that this run repeats; null if it has its own plan.") { $0.rerunOf },
        OutputField("createdBy", "The user who started the run.") { $0.createdBy },
        OutputField("createdAt", "When the run was started.") { $0.createdAt },
        OutputField("deadlineAt", "When an unfinished run is cancelled; null if it has no deadline.") { $0.deadlineAt },
        OutputField("cancelRequestedAt", "When cancellation was requested; null if it was not.") {
            $0.cancelRequestedAt
        },
        OutputField("endedAt", "When the run ended; null while it is open.") { $0.endedAt },
    ]
}

/// The number of steps of a run, by state.
struct RunCounts: OutputObject, RowDecodable {
    let total: Int
    let open: Int
    let failed: Int
    let cancelled: Int

    init(row: borrowing Row) throws(PostgresError) {
        total = try row["steps_total"]
        open = try row["steps_open"]
        let (failing, tolerated): (Int, Int) = (try row["steps_failed"], try row["steps_tolerated"])
        failed = failing + tolerated
        cancelled = try row["steps_cancelled"]
    }

    static let fields: [OutputField<RunCounts>] = [
        OutputField("total", "All steps.") { $0.total },
        OutputField("open", "Steps that have not ended.") { $0.open },
        OutputField("failed", "Failed steps, also those whose failure the plan tolerates.") { $0.failed },
        OutputField("cancelled", "Cancelled steps.") { $0.cancelled },
    ]
}

/// The status of a run.
public enum RunStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
    case running
    /// Only manual gates are outstanding.
    case waiting
    /// Cancellation was requested, and workers still hold steps.
    case cancelling
    case succeeded, failed, cancelled

    /// Whether the run has not ended.
    var isOpen: Bool {
        switch self {
        case .running, .waiting, .cancelling: true
        case .succeeded, .failed, .cancelled: false
        }
    }

    var isUnsuccessful: Bool { self == .failed || self == .cancelled }
}

extension Rows {
    /// Checks the rows of a run and returns the first.
    ///
    /// Each row holds whether the caller has the permission (`allowed`), the caller's role (`caller_role`) and whether
    /// the run exists (`has_run`). There is no row for a caller who is not a member.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found`.
    func firstOfRun(_ action: Action, team: ID<Run.Team>) throws -> Row {
        guard let row = first else { throw Denial.notMember(action, team: team) }
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: try row["caller_role"]) }
        guard try row["has_run"] else { throw Problem.runNotFound }
        return row
    }
}
