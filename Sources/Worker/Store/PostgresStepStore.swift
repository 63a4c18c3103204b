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

    /// How many jobs one maintenance call handles.
    private static var maintenanceBatch: Int { 1_000 }

    private var database: Database
    let log: Log

    /// The tenant that was served last, by topic, for round-robin claims.
    var turns: [QueueTopic: UUID] = [:]

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
        // The server returns job identifiers only. Of several claims of one job, only the last can be valid.
        let last = Dictionary(results.map { ($0.step.lease.job, $0.step.lease.fence) }, uniquingKeysWith: max)
        return results.map { result in
            let lease = result.step.lease
            return accepted.contains(lease.job) && last[lease.job] == lease.fence
        }
    }

    public mutating func maintain() throws {
        // deliverOutbox maintains mail and webhook messages: only it knows their retry schedule.
        let rows = try maintenance(
            """
            SELECT promoted, rescued, dead_lettered
            FROM nofx.maintain_queue(\(Int32(clamping: Self.maintenanceBatch)), NULL)
            """
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
    /// Whether the statement did not complete in time, for its size or for locks.
    fileprivate var isTimeout: Bool {
        switch kind {
        case .timeout, .commitOutcomeUnknown: true
        case .connection, .configuration, .decoding: false
        case .server: state == .queryCanceled || ["40", "55"].contains { state?.rawValue.hasPrefix($0) == true }
        }
    }
}
