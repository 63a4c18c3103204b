public import Base
public import Core
internal import Postgres
public import Runs
public import Queue

/// Steps in Postgres, for a role that works for all teams.
///
/// Every operation is one transaction in one round trip, also through a pooler; but a claim of steps whose inputs refer to
/// outputs takes a second one to fetch them, and a third to give steps back where these are too many or cannot be had.
public struct PostgresStepStore: ~Copyable, StepStore {
    /// How long the database may take to answer.
    ///
    /// It is less than a worker gives up its steps before their leases end: what is not answered by then has failed.
    public var answerLimit = Duration.seconds(5)

    /// The most bytes of outputs that a claim brings: the steps whose outputs are beyond that are given back, but for the
    /// first.
    public var outputLimit = 32 << 20

    /// How much is tended at once.
    private static var maintenanceBatch: Int { 1_000 }

    private var database: Database
    let log: Log

    /// Whose turn it was last, by topic.
    var turns: [QueueTopic: UUID] = [:]

    /// Makes a store; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - database: Where it is.
    ///   - log: For what the server has to say.
    public init(_ database: consuming Database, log: Log) {
        self.database = database
        self.log = log
    }

    public mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState] {
        let rows = try run(
            """
            SELECT id, fence, is_cancelled
            FROM nofx.heartbeat_jobs(\(leases.map(\.job)), \(leases.map(\.fence)), \(lease))
            """
        )
        var states: [JobLease: LeaseState] = [:]
        for index in 0..<rows.count {
            let row = rows[index]
            let isCancelled: Bool = try row["is_cancelled"]
            states[JobLease(job: try row["id"], fence: try row["fence"])] = isCancelled ? .cancelled : .held
        }
        return leases.map { states[$0] ?? .lost }
    }

    public mutating func recordStarted(_ leases: [JobLease]) throws {
        _ = try run("SELECT nofx.start_steps(\(leases.map(\.job)), \(leases.map(\.fence)))")
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
        // The server names the job only: of several claims of one, none but the last can have been held.
        let last = Dictionary(results.map { ($0.step.lease.job, $0.step.lease.fence) }, uniquingKeysWith: max)
        return results.map { result in
            let lease = result.step.lease
            return accepted.contains(lease.job) && last[lease.job] == lease.fence
        }
    }

    public mutating func tend() throws {
        // A worker does not know how often mail and messages to webhooks are to be tried: their deliverer does.
        let rows = try tending(
            "SELECT promoted, rescued, dead_lettered FROM nofx.maintain_queue(\(Int32(clamping: Self.tended)), NULL)"
        )
        guard let row = rows.first else { return }
        let (rescued, deadLettered): (Int, Int) = (try row["rescued"], try row["dead_lettered"])
        if rescued + deadLettered > 0 {
            log.warning("worker.rescued", ["rescued": rescued, "deadLettered": deadLettered])
        }
    }

    private mutating func maintenance(_ query: Query) throws -> Rows {
        do {
            return try run(query)
        } catch let error as PostgresError where error.isTimeout {
            throw MaintenanceTimedOut(error)
        }
    }

    private mutating func run(_ query: Query) throws -> Rows { try run(query, by: .after(answerLimit)) }

    mutating func run(_ query: Query, by deadline: Deadline) throws -> Rows {
        do throws(PostgresError) {
            return try database.operatorQuery(query, deadline: deadline, log: log)
        } catch {
            throw error.isRefusal ? StoreRefusal(error) : error
        }
    }
}

extension PostgresError {
    /// Whether the server is there and would say the same again.
    fileprivate var isRefusal: Bool {
        switch kind {
        case .connection, .timeout, .commitOutcomeUnknown: false
        case .configuration, .decoding: true
        // Class 40 are conflicts, 53 and 55 what others have taken, 57 an operator's doing, and 25006 a standby that will
        // be the server soon.
        case .server:
            state != .readOnlyTransaction
                && !["08", "40", "53", "55", "57"].contains { state?.rawValue.hasPrefix($0) == true }
        }
    }
    /// Whether the server is there, but did not get done with the statement, for its length or for others' locks.
    fileprivate var isTimeout: Bool {
        switch kind {
        case .timeout, .commitOutcomeUnknown: true
        case .connection, .configuration, .decoding: false
        case .server: state == .queryCanceled || ["40", "55"].contains { state?.rawValue.hasPrefix($0) == true }
        }
    }
}
