public import Base
import Postgres
public import Core

/// How much work there is.
public struct QueueReport: OutputObject {
    let topics: [TopicStats]
    let liveRows: Int
    let deadRows: Int

    public static let fields: [OutputField<QueueReport>] = [
        OutputField("topics", "Every topic of which there is anything, by name.") { $0.topics },
        OutputField("liveRows", "The rows of the table of jobs, as the server estimates them.") { $0.liveRows },
        OutputField("deadRows", "Those that are to be vacuumed: many more than live ones slow claims down.") {
            $0.deadRows
        },
    ]

    /// How much work there is, as it is now; every job is counted.
    ///
    /// - Throws: A `Denial` for who does not operate the product, or `PostgresError`.
    public static func make(in context: inout Context) throws -> QueueReport {
        let looking = Action("queue.stats", needs: .operations, refusal: "Only operators can look into the queue")
        _ = try context.user(attempting: looking)
        let rows = try context.read(
            """
            SELECT pg_stat_get_live_tuples(q.oid) AS live_rows, pg_stat_get_dead_tuples(q.oid) AS dead_rows, c.*
            FROM (SELECT 'nofx.queue'::regclass AS oid) q LEFT JOIN nofx.queue_counts(NULL) c ON true
            ORDER BY c.topic
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        return QueueReport(
            topics: try row["topic"] as String? == nil ? [] : rows.decode(),
            liveRows: try row["live_rows"],
            deadRows: try row["dead_rows"]
        )
    }
}
