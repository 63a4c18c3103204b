public import Base
public import Core
public import Postgres

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

/// How much work there is of one topic.
public struct TopicStats: OutputObject, RowDecodable {
    let topic: String
    let ready: Int
    let delayed: Int
    let leased: Int
    let dead: Int
    let longestWait: Duration?
    let oldestAge: Duration?

    public init(row: borrowing Row) throws(PostgresError) {
        topic = try row["topic"]
        ready = try row["available"]
        delayed = try row["scheduled"]
        leased = try row["running"]
        dead = try row["dead_lettered"]
        longestWait = try (row["longest_wait"] as Int64?).map { .microseconds($0) }
        oldestAge = try (row["oldest_age"] as Int64?).map { .microseconds($0) }
    }

    public static let fields: [OutputField<TopicStats>] = [
        OutputField("topic", "What the jobs are about; of steps the tool, with a dot for the colon.") { $0.topic },
        OutputField("ready", "Jobs that are due and claimed by nobody.") { $0.ready },
        OutputField("delayed", "Jobs that are not due yet.") { $0.delayed },
        OutputField("leased", "Jobs that are claimed.") { $0.leased },
        OutputField("dead", "Jobs that were given up.") { $0.dead },
        OutputField("longestWaitSeconds", "How long the one has been due that waited longest; null if none waits.") {
            $0.longestWait.map { Int($0.components.seconds) }
        },
        OutputField("oldestAgeSeconds", "How long ago the oldest was put in that is not dead; null if there is none.") {
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
            "How long the job has been due that has waited longest.",
            topics.map { MetricsText.Sample(["topic": $0.topic], seconds: $0.longestWait ?? .zero) }
        )
        metrics.metric(
            "nofx_queue_oldest_age_seconds",
            .gauge,
            "How long ago the oldest job was put in that is not given up.",
            topics.map { MetricsText.Sample(["topic": $0.topic], seconds: $0.oldestAge ?? .zero) }
        )
        metrics.metric(
            "nofx_queue_rows",
            .gauge,
            "Rows of the table of jobs, as the server estimates them: live ones, and dead ones that are to be vacuumed.",
            [MetricsText.Sample(["state": "live"], liveRows), MetricsText.Sample(["state": "dead"], deadRows)]
        )
        return metrics.text
    }
}
