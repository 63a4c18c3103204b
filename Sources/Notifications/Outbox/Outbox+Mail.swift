import Base
import Core
import Postgres
import Queue
import Teams

extension Outbox {
    /// The time that it takes to connect, send and report the outcome.
    static let timeForMail = Duration.seconds(1)
    // Far below the lease.
    private static let timeToSend = Duration.seconds(60)

    /// Sends the mail of the team whose turn it is.
    ///
    /// - Returns: Whether any mail was due.
    static func deliverMail(
        by channels: inout DeliveryChannels,
        _ delivery: inout OutboxDelivery,
        in context: inout Context
    ) throws -> Bool {
        guard let job = try delivery.claim(.mail) else { return false }
        delivery.report.claimed += 1
        try delivery.finish(job, try send(job, by: &channels, in: &context))
        return true
    }

    private static func send(
        _ job: Job,
        by channels: inout DeliveryChannels,
        in context: inout Context
    ) throws -> DeliveryOutcome {
        guard !job.isExhausted else { return .exhausted }
        let token = InviteToken.make()
        let mail: InviteMail?
        do {
            mail = try context.unauthenticatedQuery(InviteMail.opening(job.lease, with: token), access: .readWrite)
                .decodeFirst()
        } catch let error as PostgresError where error.state == .lockNotAvailable {
            // The invite is being accepted or cancelled.
            return DeliveryOutcome(transientError: error.description, attempt: job.attempt)
        }
        guard let mail else { return .dropped }
        guard let message = mail.message(id: job.id.uuid, token: token, link: channels.link) else {
            return .dead(reason: "the invite's address or team cannot be written into a mail")
        }
        do throws(MailError) {
            let deadline = min(context.deadline - OutboxDelivery.timeToReport, .after(timeToSend))
            try channels.mailer?.send(message, deadline: deadline)
            return .delivered
        } catch {
            return error.isPermanent
                ? .dead(reason: error.description)
                : DeliveryOutcome(transientError: error.description, attempt: job.attempt)
        }
    }
}
