public import Base
import Core
public import Postgres

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
