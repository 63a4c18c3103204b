public import Base
public import Postgres

/// The state of a mail or a message to a webhook: `pending` in the queue, `dead` as a dead letter, or `gone`.
public struct OutboxState: Equatable, Sendable, RowDecodable {
    public let status: String
    public let attempts: Int
    public let error: String?

    /// The seconds from the statement's time until the job is due or its lease expires.
    public let wait: Int

    public init(row: borrowing Row) throws(PostgresError) {
        status = try row["status"]
        attempts = try row["attempts"]
        error = try row["last_error"]
        wait = try row["wait"]
    }
}

extension TestDatabase {
    /// Invites an address and queues the mail.
    ///
    /// - Returns: The id of the job.
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
            SELECT md5('mail/' || id)::uuid FROM invite
            """
        )
    }

    /// The state of a mail or a message to a webhook.
    public func outbox(_ id: UUID) throws -> OutboxState {
        let rows = try rows(
            """
            SELECT 'pending' AS status, attempt AS attempts, error AS last_error,
                   extract(epoch FROM coalesce(lease_until, run_at) - now())::bigint AS wait
            FROM nofx.queue WHERE id = \(id)
            UNION ALL
            SELECT 'dead', attempts, error, 0 FROM nofx.dead_letters WHERE id = \(id)
            UNION ALL
            SELECT 'gone', 0, NULL, 0
            WHERE NOT EXISTS (SELECT FROM nofx.queue WHERE id = \(id))
              AND NOT EXISTS (SELECT FROM nofx.dead_letters WHERE id = \(id))
            """
        )
        return try OutboxState(row: rows[0])
    }

    /// Makes all mail and webhook messages due, also those that a crashed deliverer had claimed.
    public func makeOutboxDue() throws {
        try rows(
            """
            UPDATE nofx.queue SET state = 'available', lease_until = NULL, run_at = now()
            WHERE topic IN ('mail', 'webhook')
            """
        )
    }

    /// All stored data, as text.
    public func contents() throws -> String {
        try value(
            """
            SELECT string_agg(query_to_xml(format('SELECT * FROM nofx.%I', tablename), true, false, '')::text, '')
            FROM pg_tables WHERE schemaname = 'nofx'
            """
        )
    }
}
