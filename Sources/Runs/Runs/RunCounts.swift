import Base
import Postgres

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
