public import Core
import Base
import Postgres

extension Outbox {
    /// Delivers what is due, mail and messages of webhooks in turn, until nothing is, the limit is reached, or the call's
    /// time is nearly over.
    ///
    /// - Parameters:
    ///   - request: How much to do.
    ///   - couriers: Take it there.
    ///   - context: The call.
    /// - Returns: What was done.
    /// - Throws: `PostgresError`; what was claimed and not settled is due again when its claim runs out.
    ///   `ConfigurationError` when messages are due that nothing can be signed with; what else was due is delivered then.
    public static func deliver(
        _ request: Request,
        by couriers: inout Couriers,
        in context: inout Context
    ) throws -> Report {
        var report = Report()
        if let limit = request.redriven { report.redriven = try redrive(limit, in: &context) }
        var mayHave = (invites: couriers.mailer != nil, messages: couriers.webhooks != nil, more: false)
        if mayHave.messages { _ = try context.operatorQuery(OutboxRow.sweep) }
        while mayHave.invites || mayHave.messages {
            if mayHave.invites {
                if hasRoom(report, request, timeForInvite, context) {
                    mayHave.invites = try deliverInvite(by: &couriers, report: &report, in: &context)
                } else {
                    (mayHave.invites, mayHave.more) = (false, true)
                }
            }
            if mayHave.messages {
                if hasRoom(report, request, timeForMessage, context) {
                    mayHave.messages = try deliverMessage(by: &couriers, report: &report, in: &context)
                } else {
                    (mayHave.messages, mayHave.more) = (false, true)
                }
            }
        }
        guard mayHave.more || couriers.webhooks == nil else { return report }
        let (invites, messages) = try due(in: &context)
        if messages, couriers.webhooks == nil { throw WebhookKey.missing }
        report.more = mayHave.more && (invites && couriers.mailer != nil || messages)
        return report
    }

    private static func hasRoom(
        _ report: Report,
        _ request: Request,
        _ time: Duration,
        _ context: borrowing Context
    ) -> Bool {
        report.claimed < request.limit.count && !(context.deadline - time).hasPassed
    }

    /// Whether mail is due, and messages of webhooks that do not rest.
    private static func due(in context: inout Context) throws -> (invites: Bool, messages: Bool) {
        let rows = try context.unauthenticatedQuery(
            """
            SELECT EXISTS (
                       SELECT FROM nofx.outbox WHERE status = 'pending' AND topic = 'invite' AND due_at <= now()
                   ) AS invites,
                   EXISTS (
                       SELECT FROM nofx.due_webhooks() d JOIN nofx.webhooks w ON w.id = d.webhook_id
                       JOIN nofx.teams t ON t.id = w.team_id AND t.deleted_at IS NULL
                       WHERE w.rests_until <= now() AND w.disabled_at IS NULL
                   ) AS messages
            """
        )
        guard let row = rows.first else { throw Problem.internal }
        return (try row["invites"], try row["messages"])
    }

    /// Makes what was given up due again, what was given up first before the rest, as if it had never been tried.
    private static func redrive(_ limit: RedriveLimit, in context: inout Context) throws -> Int {
        let rows = try context.operatorQuery(
            """
            UPDATE nofx.outbox SET status = 'pending', settled_at = NULL, attempts = 0, due_at = now()
            WHERE id = ANY (ARRAY(
                SELECT id FROM nofx.outbox WHERE status = 'dead'
                ORDER BY settled_at LIMIT \(limit.count) FOR UPDATE SKIP LOCKED
            ))
            """
        )
        return rows.affected
    }
}

extension Outbox.Report {
    /// Counts a row that was settled.
    mutating func count(_ outcome: OutboxOutcome) {
        switch outcome {
        case .delivered: delivered += 1
        case .dropped: dropped += 1
        case .retried: retried += 1
        case .dead: dead += 1
        }
    }
}

extension Log {
    /// Notes how an attempt ended; whoever was too late settled nothing.
    func note(_ row: OutboxRow, _ outcome: OutboxOutcome, wasLate: Bool) {
        if wasLate { return warning("outbox.late", row.fields(of: outcome)) }
        switch outcome {
        case .delivered, .dropped: info("outbox.settled", row.fields(of: outcome))
        case .retried: warning("outbox.retried", row.fields(of: outcome))
        case .dead: error("outbox.dead", row.fields(of: outcome))
        }
    }
}
