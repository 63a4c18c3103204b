public import Base
import Postgres
public import Queue

extension PostgresQueue {
    public mutating func cancel(_ job: ID<Job>) throws -> JobCancellation {
        let found: String? = try run("SELECT nofx.cancel_job(\(job))").value()
        return switch found {
        case "removed": .removed
        case "requested": .requested
        default: .unknown
        }
    }

    public mutating func tend() throws {
        _ = try tended()
    }

    public mutating func counts(of topic: QueueTopic) throws -> QueueCounts {
        let rows = try run(
            """
            SELECT available, scheduled, running, dead_lettered, longest_wait, oldest_age
            FROM nofx.queue_counts(\(topic.description))
            """
        )
        var counts = QueueCounts()
        guard let row = rows.first else { return counts }
        counts.available = try row["available"]
        counts.scheduled = try row["scheduled"]
        counts.running = try row["running"]
        counts.deadLettered = try row["dead_lettered"]
        counts.longestWait = try (row["longest_wait"] as Int64?).map { .microseconds($0) }
        counts.oldestAge = try (row["oldest_age"] as Int64?).map { .microseconds($0) }
        return counts
    }

    public mutating func deadLetters(
        of topic: QueueTopic,
        limit: Int,
        after: KeysetPosition<ID<Job>>?
    ) throws -> [DeadLetter] {
        let rows = try run(
            """
            SELECT id, tenant_id, payload, attempts, error, enqueued_at, dead_lettered_at
            FROM nofx.dead_letters_of(\(topic.description), \(limit), \(after?.time), \(after?.key))
            ORDER BY dead_lettered_at, id
            """
        )
        var letters: [DeadLetter] = []
        for index in 0..<rows.count {
            let row = rows[index]
            let tenant: UUID = try row["tenant_id"]
            letters.append(
                DeadLetter(
                    id: try row["id"],
                    topic: topic,
                    payload: try row["payload"] ?? .null,
                    tenant: tenant == .noTenant ? nil : tenant,
                    attempts: try row["attempts"],
                    error: try row["error"],
                    enqueuedAt: try row["enqueued_at"],
                    deadLetteredAt: try row["dead_lettered_at"]
                )
            )
        }
        return letters
    }

    @discardableResult
    public mutating func redrive(_ topic: QueueTopic, limit: Int) throws -> Int {
        let count = Int32(min(max(limit, 0), Self.redriveLimit))
        return try run("SELECT nofx.redrive_jobs(\(topic.description), NULL, \(count), NULL)").value()
    }
}
