import Core
import Postgres

extension Retention {
    /// A kind of record with a retention time.
    enum Kind: CaseIterable {
        case idempotencyKeys
        case rateLimits
        case expiredInvites
        case decidedInvites
        case runs
        case runsOfTeams
        case deadJobs
        case teams
        case outbox
        case keys
        case attempts
        case reservations
    }
}

extension Retention.Kind {
    /// How many rows one transaction deletes; fewer teams and runs, because each deletes up to hundreds of rows with it.
    func limit(of batch: Retention.BatchSize) -> Int {
        switch self {
        case .teams, .runs, .runsOfTeams: max(batch.count / 10, 1)
        default: batch.count
        }
    }

    /// The kind whose records must be gone first.
    var predecessor: Retention.Kind? { self == .teams ? .runsOfTeams : nil }

    /// The statement that deletes up to `limit` expired rows and skips locked rows.
    ///
    /// The condition is checked again once a row is locked: a key may have been used again, or a team restored.
    /// The ids are arrays because a join would read the whole table.
    func deletion(_ limit: Int) -> Query {
        switch self {
        case .idempotencyKeys:
            """
            DELETE FROM nofx.idempotency_keys WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM nofx.idempotency_keys WHERE expires_at <= now()
                ORDER BY expires_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .rateLimits:
            """
            DELETE FROM nofx.rate_limits WHERE key = ANY (ARRAY(
                SELECT key FROM nofx.rate_limits WHERE tat <= now() LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .expiredInvites:
            """
            UPDATE nofx.team_invites SET status = 'expired', decided_at = expires_at WHERE id = ANY (ARRAY(
                SELECT id FROM nofx.team_invites WHERE status = 'pending' AND expires_at <= now()
                ORDER BY expires_at LIMIT \(limit) FOR NO KEY UPDATE SKIP LOCKED
            ))
            """
        case .decidedInvites:
            """
            DELETE FROM nofx.team_invites WHERE id = ANY (ARRAY(
                SELECT id FROM nofx.team_invites WHERE status <> 'pending' AND decided_at <= now() - interval '90 days'
                ORDER BY decided_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .runs:
            """
            DELETE FROM nofx.runs WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM nofx.runs WHERE ended_at <= now() - interval '90 days'
                ORDER BY ended_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .runsOfTeams:
            """
            DELETE FROM nofx.runs WHERE ctid = ANY (ARRAY(
                SELECT r.ctid FROM nofx.teams t JOIN nofx.runs r ON r.team_id = t.id WHERE t.purge_after <= now()
                LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .deadJobs:
            // Those of steps go with their runs.
            """
            DELETE FROM nofx.dead_letters WHERE id = ANY (ARRAY(
                SELECT id FROM nofx.dead_letters
                WHERE run_id IS NULL AND topic NOT IN ('mail', 'webhook')
                  AND dead_lettered_at <= now() - interval '90 days'
                ORDER BY dead_lettered_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .teams:
            // Its runs go before, so many at a time: with all of them at once it might never end in time.
            """
            DELETE FROM nofx.teams WHERE id = ANY (ARRAY(
                SELECT id FROM nofx.teams t
                WHERE purge_after <= now() AND NOT EXISTS (SELECT FROM nofx.runs r WHERE r.team_id = t.id)
                ORDER BY purge_after LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .outbox:
            """
            DELETE FROM nofx.dead_letters WHERE id = ANY (ARRAY(
                SELECT id FROM nofx.dead_letters
                WHERE topic IN ('mail', 'webhook') AND dead_lettered_at <= now() - interval '30 days'
                ORDER BY dead_lettered_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .keys:
            """
            DELETE FROM nofx.api_keys WHERE id = ANY (ARRAY(
                SELECT id FROM nofx.api_keys
                WHERE (revoked_at IS NOT NULL OR expires_at IS NOT NULL)
                  AND least(revoked_at, expires_at) <= now() - interval '90 days'
                ORDER BY least(revoked_at, expires_at) LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .attempts:
            """
            DELETE FROM nofx.ai_attempts WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM nofx.ai_attempts WHERE created_at <= now() - interval '90 days'
                ORDER BY created_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        case .reservations:
            """
            DELETE FROM nofx.ai_reservations WHERE call_id = ANY (ARRAY(
                SELECT call_id FROM nofx.ai_reservations WHERE expires_at <= now()
                ORDER BY expires_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ))
            """
        }
    }
}
