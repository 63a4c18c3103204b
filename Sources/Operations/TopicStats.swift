public import Base
public import Postgres

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
