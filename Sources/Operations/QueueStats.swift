public import Base
public import Core
public import Postgres

/// The number and age of queued jobs, by topic.
public struct QueueReport: OutputObject {
    let topics: [TopicStats]
    let liveRows: Int
    let deadRows: Int

    public static let fields: [OutputField<QueueReport>] = [
        OutputField("topics", "Every topic that has jobs, by name.") { $0.topics },
        OutputField("liveRows", "Live rows of the table of jobs (the server's estimate).") { $0.liveRows },
        OutputField("deadRows", "Dead rows of the table of jobs; many more than live rows slow claims down.") {
            $0.deadRows
        },
    ]

    /// Counts every job in the queue.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator, or `PostgresError`.
    public static func make(in context: inout Context) throws -> QueueReport {
        let looking = Action("queue.stats", needs: .operations, refusal: "Only operators can see the queue")
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

/// How much work there is of one topic.
public struct TopicStats: OutputObject, RowDecodable {
    let topic: String
    let ready: Int
    let delayed: Int
    let leased: Int
    let dead: Int
    let undoable: Int
    let longestWait: Duration?
    let oldestAge: Duration?

    public init(row: borrowing Row) throws(PostgresError) {
        topic = try row["topic"]
        ready = try row["available"]
        delayed = try row["scheduled"]
        leased = try row["running"]
        dead = try row["dead_lettered"]
        undoable = try row["undoable"]
        longestWait = try (row["longest_wait"] as Int64?).map { .microseconds($0) }
        oldestAge = try (row["oldest_age"] as Int64?).map { .microseconds($0) }
    }

    public static let fields: [OutputField<TopicStats>] = [
        OutputField("topic", "The topic; for steps the tool, with a dot in place of the colon.") { $0.topic },
        OutputField("ready", "Jobs that are due and not leased.") { $0.ready },
        OutputField("delayed", "Jobs that are not due yet.") { $0.delayed },
        OutputField("leased", "Jobs that a worker has leased.") { $0.leased },
        OutputField("dead", "Dead-lettered jobs.") { $0.dead },
        OutputField("undoable", "Steps that have been due for a minute and that no recent worker can do.") {
            $0.undoable
        },
        OutputField("longestWaitSeconds", "How long the longest-waiting job has been due; null if none waits.") {
            $0.longestWait.map { Int($0.components.seconds) }
        },
        OutputField("oldestAgeSeconds", "Age of the oldest job that is not dead-lettered; null if there is none.") {
            $0.oldestAge.map { Int($0.components.seconds) }
        },
    ]
}

extension QueueReport: TextOutput {
    public static var textTypes: [String] { MetricsText.mediaTypes }
    public static var textContentType: String { MetricsText.contentType }

    /// The report in the text format of Prometheus.
    public var text: String {
        var metrics = MetricsText()
        metrics.metric(
            "nofx_queue_jobs",
            .gauge,
            "Jobs, by topic and state.",
            topics.flatMap { topic in
                [("ready", topic.ready), ("delayed", topic.delayed), ("leased", topic.leased), ("dead", topic.dead)]
                    .map { MetricsText.Sample(["topic": topic.topic, "state": $0], $1) }
            }
        )
        metrics.metric(
            "nofx_queue_longest_wait_seconds",
            .gauge,
            "How long the longest-waiting job has been due.",
            topics.map { MetricsText.Sample(["topic": $0.topic], seconds: $0.longestWait ?? .zero) }
        )
        metrics.metric(
            "nofx_queue_oldest_age_seconds",
            .gauge,
            "Age of the oldest job that is not dead-lettered.",
            topics.map { MetricsText.Sample(["topic": $0.topic], seconds: $0.oldestAge ?? .zero) }
        )
        metrics.metric(
            "nofx_queue_rows",
            .gauge,
            "Live and dead rows of the table of jobs (the server's estimate).",
            [MetricsText.Sample(["state": "live"], liveRows), MetricsText.Sample(["state": "dead"], deadRows)]
        )
        let undoable = topics.filter { $0.undoable > 0 }
        if !undoable.isEmpty {
            metrics.metric(
                "nofx_queue_undoable_steps",
                .gauge,
                "Steps that have been due for a minute and that no recent worker can do; absent if there are none.",
                undoable.map { MetricsText.Sample(["topic": $0.topic], $0.undoable) }
            )
        }
        return metrics.text
    }
}
