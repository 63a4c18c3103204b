public import Base
public import Postgres
import Queue

/// A job that was given up, as operators see it.
public struct DeadLetterItem: OutputObject, RowDecodable {
    let id: ID<Job>
    let team: UUID?
    let run: UUID?
    let step: String?
    let topic: String
    let tool: String?
    let attempts: Int
    let error: Failure
    let enqueuedAt: Timestamp
    let diedAt: Timestamp

    /// What a job failed with last.
    public struct Failure: OutputObject {
        let code: String
        let message: String?

        public static let fields: [OutputField<Failure>] = [
            OutputField("code", "The kind of failure, such as lease_expired.") { $0.code },
            OutputField("message", "What the team is told; null of what is no step.") { $0.message },
        ]
    }

    var place: KeysetPosition<ID<Job>> { KeysetPosition(diedAt, id) }

    public init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        let tenant: UUID = try row["tenant_id"]
        team = tenant == .noTenant ? nil : tenant
        run = try row["run_id"]
        step = try row["step"]
        topic = try row["topic"]
        tool = try row["tool"]
        attempts = try row["attempts"]
        error = Failure(code: try row["code"], message: try row["message"])
        enqueuedAt = try row["enqueued_at"]
        diedAt = try row["dead_lettered_at"]
    }

    public static let fields: [OutputField<DeadLetterItem>] = [
        OutputField("id", "The job.") { $0.id },
        OutputField("teamId", "Whose work it was; null for nobody's in particular.") { $0.team },
        OutputField("runId", "The run it belongs to; null for what is no step.") { $0.run },
        OutputField("step", "The step's name.") { $0.step },
        OutputField("topic", "What it was about.") { $0.topic },
        OutputField("tool", "What was to do it.") { $0.tool },
        OutputField("attempts", "How often it was tried.") { $0.attempts },
        OutputField("error", "What it failed with last.") { $0.error },
        OutputField("enqueuedAt", "When it was put into the queue.") { $0.enqueuedAt },
        OutputField("diedAt", "When it was given up.") { $0.diedAt },
    ]
}
