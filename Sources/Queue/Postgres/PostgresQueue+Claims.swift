import Base
import Postgres
public import Queue

extension PostgresQueue: Queue {
    @discardableResult
    public mutating func enqueue(_ jobs: [NewJob]) throws -> Int {
        guard !jobs.isEmpty else { return 0 }
        return try run(
            """
            SELECT nofx.enqueue_jobs(
                \(jobs.map(\.id)), \(jobs.map(\.topic.description)), \(jobs.map { $0.tenant ?? .noTenant }),
                \(jobs.map { Int64($0.priority) })::smallint[],
                ARRAY(SELECT w.wait * interval '1 microsecond'
                      FROM unnest(\(jobs.map(\.delay.queueMicroseconds))) WITH ORDINALITY AS w (wait, place)
                      ORDER BY w.place),
                \(jobs.map(\.payload.description))
            )
            """
        ).value()
    }

    public mutating func claim(_ claim: JobClaim) throws -> [Job] {
        guard claim.count > 0 else { return [] }
        let hasTended = isTendingDue
        if hasTended { _ = try tended() }
        var jobs = try take(claim.count, for: claim)
        if jobs.count < claim.count, !hasTended, try tended() {
            jobs += try take(claim.count - jobs.count, for: claim)
        }
        return jobs
    }

    private mutating func take(_ count: Int, for claim: JobClaim) throws -> [Job] {
        let rows = try run(
            """
            SELECT id, tenant_id, attempt, fence, enqueued_at, payload, trace
            FROM nofx.claim_jobs(\(claim.topic.description), \(Int32(clamping: count)), \(claim.lease.queueWait),
                                 \(claim.topicLimit.map { Int32(clamping: $0) }),
                                 \(claim.tenantLimit.map { Int32(clamping: $0) }), \(turn(in: claim.topic)),
                                 \(claim.tenants))
            """
        )
        var jobs: [Job] = []
        jobs.reserveCapacity(rows.count)
        for index in 0..<rows.count {
            let row = rows[index]
            let id: ID<Job> = try row["id"]
            let tenant: UUID = try row["tenant_id"]
            jobs.append(
                Job(
                    id: id,
                    topic: claim.topic,
                    payload: try row["payload"] ?? .null,
                    tenant: tenant == .noTenant ? nil : tenant,
                    attempt: try row["attempt"],
                    enqueuedAt: try row["enqueued_at"],
                    lease: JobLease(job: id, fence: try row["fence"]),
                    trace: (try row["trace"] as String?).flatMap { TraceContext(stored: $0) }
                )
            )
        }
        if let last = jobs.last { noteTurn(of: last.tenant, in: claim.topic) }
        return jobs
    }

    public mutating func heartbeat(_ leases: [JobLease], extendingBy lease: Duration) throws -> [LeaseState] {
        guard !leases.isEmpty else { return [] }
        let rows = try run(
            """
            SELECT id, fence, is_cancelled
            FROM nofx.heartbeat_jobs(\(leases.map(\.job)), \(leases.map(\.fence)), \(lease.queueWait))
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

    @discardableResult
    public mutating func finish(_ results: [JobResult]) throws -> [Bool] {
        guard !results.isEmpty else { return [] }
        let columns = results.map(\.outcome.columns)
        let rows = try run(
            """
            SELECT nofx.finish_jobs(
                \(results.map(\.lease.job)), \(results.map(\.lease.fence)), \(columns.map(\.outcome)),
                \(columns.map(\.error)),
                ARRAY(SELECT w.wait * interval '1 microsecond'
                      FROM unnest(\(columns.map(\.delay))) WITH ORDINALITY AS w (wait, place) ORDER BY w.place),
                ARRAY(SELECT w.wait * interval '1 microsecond'
                      FROM unnest(\(waits)) WITH ORDINALITY AS w (wait, place) ORDER BY w.place)
            )
            """
        )
        var counted = Array(repeating: false, count: results.count)
        for index in 0..<rows.count { counted[try rows[index][0] - 1] = true }
        return counted
    }
}

extension JobOutcome {
    /// The outcome as arguments of `nofx.finish_jobs`; the delay is in microseconds.
    fileprivate var columns: (outcome: String, error: String, delay: Int64) {
        switch self {
        case .completed: ("completed", "", 0)
        case .failed(let error, let isFinal, let wait):
            (isFinal ? "dead_lettered" : "failed", error, wait.queueMicroseconds)
        case .released(let delay): ("released", "", delay.queueMicroseconds)
        }
    }
}

extension JSONText {
    /// The payload of a job without one, such as a step's.
    static var null: JSONText { JSONText(trusted: Array("null".utf8)) }
}
