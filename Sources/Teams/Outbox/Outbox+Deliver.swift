public import Core
public import Mail
import Base
import Postgres

extension Outbox {
    // To connect and send, and to write down what came of it.
    private static let timeForOne = Duration.seconds(1)
    private static let timeToSettle = Duration.milliseconds(500)
    // Far below the five minutes of a claim.
    private static let timeToSend = Duration.seconds(60)

    /// Delivers what is due, until nothing is, the limit is reached, or the call's time is nearly over.
    ///
    /// - Parameters:
    ///   - request: How much to do.
    ///   - mailer: Sends the mail.
    ///   - link: Where an invite is accepted; nil where only the API does.
    ///   - context: The call.
    /// - Returns: What was done.
    /// - Throws: `PostgresError`. What was claimed and not settled is due again when its claim runs out.
    public static func deliver(
        _ request: Request,
        by mailer: inout Mailer,
        link: InviteLink?,
        in context: inout Context
    ) throws -> Report {
        var report = Report()
        while report.claimed < request.limit.count, !(context.deadline - timeForOne).hasPassed {
            guard let row: OutboxRow = try context.operate(OutboxRow.claim).decodeFirst() else { return report }
            report.claimed += 1
            let outcome = try deliver(row, by: &mailer, link: link, in: &context)
            if try context.lookUp(row.settlement(as: outcome), access: .readWrite).isEmpty {
                context.log.warning("outbox.late", row.fields(of: outcome))
            } else {
                report.count(outcome)
                context.log.note(row, outcome)
            }
        }
        report.more = try context.lookUp(
            "SELECT EXISTS (SELECT FROM nofx.outbox WHERE status = 'pending' AND due_at <= now())"
        ).value()
        return report
    }

    private static func deliver(
        _ row: OutboxRow,
        by mailer: inout Mailer,
        link: InviteLink?,
        in context: inout Context
    ) throws -> OutboxRow.Outcome {
        guard !row.isGivenUp else { return .dead(reason: "every attempt ended without a result") }
        let token = InviteToken.make()
        let invitation: Invitation?
        do {
            invitation = try context.lookUp(Invitation.opening(row.subject, with: token), access: .readWrite)
                .decodeFirst()
        } catch let error as PostgresError where error.state == .lockNotAvailable {
            // Somebody is just accepting or cancelling it.
            return row.outcome(ofPassingFailure: error.description)
        }
        guard let invitation else { return .dropped }
        guard let message = invitation.message(id: row.id, token: token, link: link) else {
            return .dead(reason: "the invite's address or team cannot be written into a mail")
        }
        do throws(MailError) {
            try mailer.send(message, deadline: min(context.deadline - timeToSettle, .after(timeToSend)))
            return .delivered
        } catch {
            return error.isPermanent
                ? .dead(reason: error.description) : row.outcome(ofPassingFailure: error.description)
        }
    }
}

extension Outbox.Report {
    fileprivate mutating func count(_ outcome: OutboxRow.Outcome) {
        switch outcome {
        case .delivered: delivered += 1
        case .dropped: dropped += 1
        case .retried: retried += 1
        case .dead: dead += 1
        }
    }
}

extension OutboxRow {
    /// What a log may show: neither whom it is for nor what it says.
    fileprivate func fields(of outcome: Outcome) -> KeyValuePairs<String, any JSONEncodable> {
        ["outboxId": id, "topic": topic, "attempt": Int(attempt), "outcome": outcome.name, "reason": outcome.reason]
    }
}

extension Log {
    fileprivate func note(_ row: OutboxRow, _ outcome: OutboxRow.Outcome) {
        switch outcome {
        case .delivered, .dropped: info("outbox.settled", row.fields(of: outcome))
        case .retried: warning("outbox.retried", row.fields(of: outcome))
        case .dead: error("outbox.dead", row.fields(of: outcome))
        }
    }
}
