import Base
import Core
import Postgres

extension OutboxRow {
    /// Claims the invite that has been due longest; nobody waits for a row that somebody else is just claiming.
    ///
    /// Rows are claimed one by one, because one that waits for its turn would lose part of its claim.
    static let inviteClaim: Query = """
        UPDATE nofx.outbox o SET attempts = o.attempts + 1, due_at = now() + interval '5 minutes'
        FROM (SELECT d.id FROM nofx.outbox d
              WHERE d.status = 'pending' AND d.topic = 'invite' AND d.due_at <= now()
              ORDER BY d.due_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
        WHERE o.id = due.id
        RETURNING o.id, o.subject_id, o.attempts
        """

    /// Reads an invite that was claimed.
    init(invite row: borrowing Row) throws(PostgresError) {
        self.init(id: try row["id"], content: .invite(try row["subject_id"]), attempt: try row["attempts"])
    }

    /// Writes down how the attempt ended, unless it took so long that somebody else has claimed the row.
    func settlement(as outcome: OutboxOutcome) -> Query {
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
