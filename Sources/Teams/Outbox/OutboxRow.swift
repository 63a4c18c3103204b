import Base
import Core
import Postgres

/// A row that was claimed.
struct OutboxRow: RowDecodable {
    let id: UUID
    let topic: String
    let subject: UUID
    /// How often it was claimed, this time included; only the last claim may settle it.
    let attempt: Int32

    init(row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        topic = try row["topic"]
        subject = try row["subject_id"]
        attempt = try row["attempts"]
    }

    /// Claims the row that has been due longest; nobody waits for a row that somebody else is just claiming.
    ///
    /// Rows are claimed one by one, because one that waits for its turn would lose part of its claim.
    static let claim: Query = """
        UPDATE nofx.outbox o SET attempts = o.attempts + 1, due_at = now() + interval '5 minutes'
        FROM (SELECT d.id FROM nofx.outbox d WHERE d.status = 'pending' AND d.due_at <= now()
              ORDER BY d.due_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
        WHERE o.id = due.id
        RETURNING o.id, o.topic, o.subject_id, o.attempts
        """

    /// Writes down how the attempt ended, unless it took so long that somebody else has claimed the row.
    func settlement(as outcome: Outcome) -> Query {
        switch outcome {
        case .retried(let delay, let reason):
            """
            UPDATE nofx.outbox SET due_at = now() + \(delay), last_error = left(\(reason), 500)
            WHERE id = \(id) AND attempts = \(attempt) AND status = 'pending' RETURNING id
            """
        case .delivered, .dropped, .dead:
            """
            UPDATE nofx.outbox SET status = \(outcome.name), settled_at = now(), last_error = left(\(outcome.reason), 500)
            WHERE id = \(id) AND attempts = \(attempt) AND status = 'pending' RETURNING id
            """
        }
    }
}

extension OutboxRow {
    /// How an attempt ended.
    enum Outcome {
        case delivered
        case dropped
        case retried(after: Duration, reason: String)
        case dead(reason: String)

        var name: String {
            switch self {
            case .delivered: "delivered"
            case .dropped: "dropped"
            case .retried: "retried"
            case .dead: "dead"
            }
        }

        var reason: String? {
            switch self {
            case .delivered, .dropped: nil
            case .retried(_, let reason), .dead(let reason): reason
            }
        }
    }

    /// The minutes after each failure that may pass; there is one attempt more, and 33 hours between first and last.
    private static var waits: [Int] { [1, 5, 30, 120, 360, 720, 720] }

    /// Whether it was claimed as often as it may be, and nobody lived to write down how the last time ended.
    var isGivenUp: Bool { attempt > Self.waits.count + 1 }

    /// What becomes of the row after a failure that may pass: later and later, and in the end given up.
    func outcome(ofPassingFailure reason: String) -> Outcome {
        let minutes = Self.waits
        guard attempt <= minutes.count else { return .dead(reason: reason) }
        // What failed together should not come back together.
        let delay = Double(minutes[Int(max(attempt, 1)) - 1] * 60) * Double.random(in: 1...1.2)
        return .retried(after: .seconds(delay), reason: reason)
    }
}
