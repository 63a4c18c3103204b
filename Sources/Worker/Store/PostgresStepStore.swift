public import Base
public import Core
internal import Postgres
public import Runs
public import Queue

/// A store of steps in Postgres, for the operator role.
///
/// Every operation is one transaction in one round trip and works through a transaction pooler. A claim of steps whose
/// inputs refer to outputs takes a second round trip for the outputs, and a third to return steps whose outputs are too
/// large or unavailable.
public struct PostgresStepStore: ~Copyable, StepStore {
    /// The time limit of an operation.
    ///
    /// It must be shorter than the worker's lease margin, so that an operation has failed before a lease expires.
    public var answerLimit = Duration.seconds(5)

    /// The tools of teams whose tools no operator has set.
    public var defaultTools = DefaultTools.unlessCostly

    /// The maximum size of the outputs in a claim, in bytes.
    ///
    /// Steps beyond it are returned to the queue, except the first.
    public var outputLimit = 32 << 20

    /// How many steps are counted at most that are too long for a worker.
    private static var longestCount: Int { 1_000 }

    private var database: Database
    let log: Log

    /// The tenant that was served last, by topic, for round-robin claims.
    var turns: [QueueTopic: UUID] = [:]

    /// The parts of the maintenance, in the order in which they have their turn.
    var sweeps = Sweep.allCases.map { (sweep: $0, limit: $0.limit) }

    /// Makes a store; it connects with the first operation.
    ///
    /// - Parameters:
    ///   - database: The database.
    ///   - log: The log for notices of the server.
    public init(_ database: consuming Database, log: Log) {
        self.database = database
        self.log = log
    }

    public mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState] {
        let rows = try run(
            """
            SELECT id, fence, is_cancelled, is_watched
            FROM nofx.heartbeat_jobs(\(leases.map(\.job)), \(leases.map(\.fence)), \(lease))
            """
        )
        var states: [JobLease: LeaseState] = [:]
        for index in 0..<rows.count {
            let row = rows[index]
            let (isCancelled, isWatched): (Bool, Bool) = (try row["is_cancelled"], try row["is_watched"])
            states[JobLease(job: try row["id"], fence: try row["fence"])] =
                isCancelled ? .cancelled : isWatched ? .watched : .held
        }
        return leases.map { states[$0] ?? .lost }
    }

    public mutating func begin(_ leases: [JobLease]) throws -> Set<JobLease> {
        let rows = try run("SELECT nofx.begin_steps(\(leases.map(\.job)), \(leases.map(\.fence)))")
        let begun = Set(try (0..<rows.count).map { try rows[$0][0] as ID<Job> })
        return Set(leases.filter { begun.contains($0.job) })
    }

    public mutating func show(_ texts: [JobLease: String]) throws -> Set<JobLease> {
        let shown = Array(texts)
        let rows = try run(
            "SELECT nofx.show_texts(\(shown.map(\.key.job)), \(shown.map(\.key.fence)), \(shown.map(\.value)))"
        )
        let watched = Set(try (0..<rows.count).map { try rows[$0][0] as ID<Job> })
        return Set(texts.keys.filter { watched.contains($0.job) })
    }

    public mutating func finish(_ results: [StepResult]) throws -> [Bool] {
        try finish(results, by: .after(answerLimit))
    }

    mutating func finish(_ results: [StepResult], by deadline: Deadline) throws -> [Bool] {
        let reports = results.map(StepReport.init)
        let artifacts = results.flatMap { result in
            result.outcome.artifacts.map { (job: result.step.lease.job, artifact: $0) }
        }
        let rows = try run(
            """
            SELECT nofx.finish_steps(
                \(results.map(\.step.lease.job)), \(results.map(\.step.lease.fence)), \(reports.map(\.outcome)),
                \(reports.map(\.outputs)), \(reports.map(\.error)),
                ARRAY(SELECT d.microseconds * interval '1 microsecond'
                      FROM unnest(\(reports.map(\.delay))) WITH ORDINALITY AS d (microseconds, position)
                      ORDER BY d.position),
                \(artifacts.map(\.job)), \(artifacts.map(\.artifact.name)), \(artifacts.map(\.artifact.contentType)),
                \(artifacts.map(\.artifact.sha256)), \(artifacts.map(\.artifact.content))
            )
            """,
            by: deadline
        )
        var accepted: Set<ID<Job>> = []
        for index in 0..<rows.count { accepted.insert(try rows[index][0]) }
        // The server returns job identifiers only. Of several claims of one job, only the last can be valid.
        let last = Dictionary(results.map { ($0.step.lease.job, $0.step.lease.fence) }, uniquingKeysWith: max)
        return results.map { result in
            let lease = result.step.lease
            return accepted.contains(lease.job) && last[lease.job] == lease.fence
        }
    }

    public mutating func note(_ kind: WorkerKind) throws -> [QueueTopic: Int] {
        let rows = try run(
            """
            SELECT topic, steps
            FROM nofx.note_worker(\(kind.topics.map(\.description)), \(kind.abilities), \(Int32(clamping: kind.longest)))
            """
        )
        return try rows.counts("steps")
    }

    public mutating func backlog(for kind: WorkerKind) throws -> StepBacklog {
        let rows = try run(
            """
            SELECT topic, has_more, too_long
            FROM nofx.backlog(\(kind.topics.map(\.description)), \(Int32(clamping: kind.longest)), \(kind.abilities),
                              \(Int32(clamping: Self.longestCount)))
            """
        )
        var backlog = StepBacklog()
        for index in 0..<rows.count {
            let row = rows[index]
            if try row["has_more"] { backlog.hasMore = true }
            let tooLong: Int = try row["too_long"]
            if tooLong > 0, let topic = QueueTopic(try row["topic"]) { backlog.tooLong[topic] = tooLong }
        }
        return backlog
    }

    mutating func run(_ query: Query) throws -> Rows { try run(query, by: .after(answerLimit)) }

    mutating func run(_ query: Query, by deadline: Deadline) throws -> Rows {
        do throws(PostgresError) {
            return try database.operatorQuery(query, deadline: deadline, log: log)
        } catch {
            throw error.isRefusal ? StoreRefusal(error) : error
        }
    }
}

extension Rows {
    /// The counts in a column, by topic.
    fileprivate func counts(_ column: String) throws -> [QueueTopic: Int] {
        var counts: [QueueTopic: Int] = [:]
        for index in 0..<count {
            if let topic = QueueTopic(try self[index]["topic"]) { counts[topic] = try self[index][column] }
        }
        return counts
    }
}

extension PostgresError {
    /// Whether the server works and would refuse the statement again.
    fileprivate var isRefusal: Bool {
        switch kind {
        case .connection, .timeout, .commitOutcomeUnknown: false
        case .configuration, .decoding: true
        // Class 40 is a conflict, 53 and 55 a lack of resources, 57 an operator's intervention, and 25006 a standby
        // that may be promoted.
        case .server:
            state != .readOnlyTransaction
                && !["08", "40", "53", "55", "57"].contains { state?.rawValue.hasPrefix($0) == true }
        }
    }
}
