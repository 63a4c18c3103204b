public import Base
public import Core
internal import Postgres
public import Runs

/// Steps in Postgres, for a role that works for all teams.
///
/// Every operation is one transaction in one round trip, also through a pooler.
public struct PostgresStepStore: ~Copyable, StepStore {
    /// How long the database may take to answer.
    ///
    /// It is less than a worker gives up its steps before their leases end: what is not answered by then has failed.
    public var answerLimit = Duration.seconds(5)

    /// How much is tended at once.
    private static var tended: Int { 1_000 }

    private var database: Database
    private let log: Log

    /// Whose turn it was last, by topic.
    private var turns: [QueueTopic: UUID] = [:]

    /// Makes a store; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - database: Where it is.
    ///   - log: For what the server has to say.
    public init(_ database: consuming Database, log: Log) {
        self.database = database
        self.log = log
    }

    public mutating func claim(_ claim: JobClaim) throws -> [ClaimedStep] {
        // A lateral, so that each step is looked up by its key, however many the server thinks there are.
        let rows = try run(
            """
            SELECT j.id, j.fence, j.tenant_id, j.run_id, j.step_no, j.attempt, s.name, s.tool, s.inputs, s.timeout_s,
                   s.retry_base_s, s.retry_cap_s, s.secrets_scope, j.enqueued_at, now() AS claimed_at
            FROM nofx.claim_jobs(\(claim.topic.description), \(Int32(clamping: claim.count)), \(claim.lease),
                                 \(claim.topicLimit.map { Int32(clamping: $0) }),
                                 \(claim.tenantLimit.map { Int32(clamping: $0) }), \(turns[claim.topic])) j
            CROSS JOIN LATERAL (
                SELECT * FROM nofx.steps s
                WHERE s.team_id = j.tenant_id AND s.run_id = j.run_id AND s.no = j.step_no OFFSET 0
            ) s
            """
        )
        let claimed = try rows.decode(ClaimedRow.self)
        if let last = claimed.last { turns[claim.topic] = last.team }
        let outputs = try outputs(of: claimed.filter { !$0.references.isEmpty })
        return claimed.map { $0.step(outputs: outputs[$0.lease] ?? [:]) }
    }

    /// The outputs that the inputs of steps refer to, by the names of the steps that have them.
    ///
    /// A step's name may have dots in it: the longest one that fits is meant.
    private mutating func outputs(of steps: [ClaimedRow]) throws -> [JobLease: [String: JSONText]] {
        let needs = steps.flatMap { step in step.references.map { (step: step, text: $0) } }
        guard !needs.isEmpty else { return [:] }
        let rows = try run(
            """
            SELECT DISTINCT ON (r.position) r.position, s.name, s.outputs
            FROM unnest(\(needs.map(\.step.team)), \(needs.map(\.step.run)), \(needs.map(\.text)))
                 WITH ORDINALITY AS r (team_id, run_id, reference, position)
            JOIN nofx.steps s ON s.team_id = r.team_id AND s.run_id = r.run_id
             AND (s.name = r.reference OR starts_with(r.reference, s.name || '.'))
            ORDER BY r.position, octet_length(s.name) DESC
            """
        )
        var outputs: [JobLease: [String: JSONText]] = [:]
        for index in 0..<rows.count {
            let row = rows[index]
            let position: Int = try row["position"]
            guard needs.indices.contains(position - 1), let text: JSONText = try row["outputs"] else { continue }
            outputs[needs[position - 1].step.lease, default: [:]][try row["name"]] = text
        }
        return outputs
    }

    public mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState] {
        let rows = try run(
            """
            SELECT id, is_cancelled
            FROM nofx.heartbeat_jobs(\(leases.map(\.job)), \(leases.map(\.fence)), \(lease))
            """
        )
        var states: [ID<Job>: LeaseState] = [:]
        for index in 0..<rows.count {
            let isCancelled: Bool = try rows[index]["is_cancelled"]
            states[try rows[index]["id"]] = isCancelled ? .cancelled : .held
        }
        return leases.map { states[$0.job] ?? .lost }
    }

    public mutating func noteStarted(_ leases: [JobLease]) throws {
        _ = try run("SELECT nofx.start_steps(\(leases.map(\.job)), \(leases.map(\.fence)))")
    }

    public mutating func finish(_ results: [StepResult]) throws -> [Bool] {
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
            """
        )
        var accepted: Set<ID<Job>> = []
        for index in 0..<rows.count { accepted.insert(try rows[index][0]) }
        return results.map { accepted.contains($0.step.lease.job) }
    }

    public mutating func tend() throws {
        let delays = RetrySchedule.standard.delays.map(\.wholeMicroseconds)
        let rows = try run(
            """
            SELECT promoted, rescued, given_up
            FROM nofx.tend_queue(\(Int32(clamping: Self.tended)),
                ARRAY(SELECT d.microseconds * interval '1 microsecond'
                      FROM unnest(\(delays)) WITH ORDINALITY AS d (microseconds, position) ORDER BY d.position))
            """
        )
        guard let row = rows.first else { return }
        let (rescued, givenUp): (Int, Int) = (try row["rescued"], try row["given_up"])
        if rescued + givenUp > 0 { log.warning("worker.rescued", ["rescued": rescued, "givenUp": givenUp]) }
    }

    private mutating func run(_ query: Query) throws -> Rows {
        do throws(PostgresError) {
            return try database.operate(query, deadline: .after(answerLimit), log: log)
        } catch {
            throw error.isRefusal ? StepsRefused(error) : error
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
}
