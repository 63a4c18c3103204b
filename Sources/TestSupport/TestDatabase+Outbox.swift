public import Base
public import Postgres

/// A row of the outbox, as it is stored.
public struct OutboxState: Equatable, Sendable, RowDecodable {
    public let status: String
    public let attempts: Int
    public let error: String?

    /// The seconds from the last statement's time until it is due.
    public let wait: Int

    public init(row: borrowing Row) throws(PostgresError) {
        status = try row["status"]
        attempts = try row["attempts"]
        error = try row["last_error"]
        wait = try row["wait"]
    }
}

extension TestDatabase {
    /// Invites somebody, and queues the mail.
    ///
    /// - Returns: The row of the outbox.
    @discardableResult
    public func queueInvite(
        to address: String,
        team: UUID,
        by inviter: UUID,
        role: String = "member",
        note: String? = nil
    ) throws -> UUID {
        try value(
            """
            WITH invite AS (
                INSERT INTO nofx.team_invites (team_id, email, email_normalized, role, invited_by, message)
                VALUES (\(team), \(address), lower(\(address)), \(role), \(inviter), \(note)) RETURNING id
            )
            INSERT INTO nofx.outbox (topic, subject_id) SELECT 'invite', id FROM invite RETURNING id
            """
        )
    }

    /// The state of a row of the outbox.
    public func outbox(_ id: UUID) throws -> OutboxState {
        let rows = try rows(
            """
            SELECT status, attempts, last_error, extract(epoch FROM due_at - now())::bigint AS wait
            FROM nofx.outbox WHERE id = \(id)
            """
        )
        return try OutboxState(row: rows[0])
    }

    /// Makes all that waits in the outbox due.
    public func makeOutboxDue() throws {
        try rows("UPDATE nofx.outbox SET due_at = now() WHERE status = 'pending'")
    }

    /// Everything that is stored, as text.
    public func contents() throws -> String {
        try value(
            """
            SELECT string_agg(query_to_xml(format('SELECT * FROM nofx.%I', tablename), true, false, '')::text, '')
            FROM pg_tables WHERE schemaname = 'nofx'
            """
        )
    }
}
