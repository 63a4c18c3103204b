public import Base
import Core
public import Postgres

/// A plan that a team has started.
public enum Run {}

extension Run {
    /// Whose run it is; only its identifier has a use here.
    public enum Team {}
}

extension Run {
    /// Names a run of a team.
    public struct Reference: InputObject {
        let team: ID<Team>
        let run: ID<Run>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            into: Reference.init
        )
    }

    /// Names a step of a run.
    public struct StepReference: InputObject {
        let team: ID<Team>
        let run: ID<Run>
        let step: StepName

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            Field("runId", ID<Run>.self, "The run."),
            Field("step", StepName.self, "The step, as the plan calls it."),
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
        OutputField("goal", "What it is for.") { $0.goal },
        OutputField("status", "How it stands; waiting while nothing goes on before a gate is decided.") { $0.status },
        OutputField("counts", "How many steps stand how: total, open, failed, cancelled.") { $0.counts },
        OutputField("rerunOf", "The run whose plan it does again; null for a plan of its own.") { $0.rerunOf },
        OutputField("createdBy", "Who started it.") { $0.createdBy },
        OutputField("createdAt", "When it was started.") { $0.createdAt },
        OutputField("deadlineAt", "When it is cancelled if it has not ended; null for never.") { $0.deadlineAt },
        OutputField("cancelRequestedAt", "When it was cancelled; null if it was not.") { $0.cancelRequestedAt },
        OutputField("endedAt", "When it ended; null while it has not.") { $0.endedAt },
    ]
}

/// How many steps of a run stand how.
struct RunCounts: OutputObject, RowDecodable {
    let total: Int
    let open: Int
    let failed: Int
    let cancelled: Int

    init(row: borrowing Row) throws(PostgresError) {
        total = try row["steps_total"]
        open = try row["steps_open"]
        failed = try row["steps_failed"]
        cancelled = try row["steps_cancelled"]
    }

    static let fields: [OutputField<RunCounts>] = [
        OutputField("total", "All steps.") { $0.total },
        OutputField("open", "Those that have not ended.") { $0.open },
        OutputField("failed", "Those that failed, and whose failure fails the run.") { $0.failed },
        OutputField("cancelled", "Those that were cancelled.") { $0.cancelled },
    ]
}

/// How a run stands.
public enum RunStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
    case running
    /// Nothing goes on before somebody decides a gate.
    case waiting
    /// It was cancelled, and workers have not come back yet.
    case cancelling
    case succeeded, failed, cancelled

    /// Whether something may still happen by itself.
    var isOpen: Bool {
        switch self {
        case .running, .waiting, .cancelling: true
        case .succeeded, .failed, .cancelled: false
        }
    }

    /// Whether it ended without success.
    var isUnsuccessful: Bool { self == .failed || self == .cancelled }
}

extension Rows {
    /// The first of the rows that tell of a run.
    ///
    /// Each says of the caller whether they may look (`allowed`) and as what (`caller_role`), and whether the team has
    /// the run (`has_run`). A stranger gets no row at all.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found`.
    func firstOfRun(_ action: Action, team: ID<Run.Team>) throws -> Row {
        guard let row = first else { throw Denial.notMember(action, team: team) }
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: try row["caller_role"]) }
        guard try row["has_run"] else { throw Problem.runNotFound }
        return row
    }
}
