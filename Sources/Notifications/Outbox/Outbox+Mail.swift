import Base
import Core
import Postgres
import Queue
import Teams

extension Outbox {
    /// The time that it takes to connect, send and report the outcome.
    static let timeForMail = Duration.seconds(1)

    /// Claims the mail of the team whose turn it is.
    ///
    /// - Returns: The mail to send; nil when none was due, or when the job has its outcome already.
    static func nextMail(
        _ link: InviteLink?,
        _ delivery: inout OutboxDelivery,
        in context: inout Context,
        _ isDue: inout Bool
    ) throws -> OutboxTask? {
        guard let job = try delivery.claim(.mail) else {
            isDue = false
            return nil
        }
        delivery.report.claimed += 1
        switch try message(of: job, link, in: &context) {
        case .success(let message): return OutboxTask(job: job, content: .mail(message))
        case .failure(let unsent):
            try delivery.finish(job, unsent.outcome)
            return nil
        }
    }

    private static func message(
        of job: Job,
        _ link: InviteLink?,
        in context: inout Context
    ) throws -> Result<MailMessage, Unsent> {
        guard !job.isExhausted else { return .failure(Unsent(outcome: .exhausted)) }
        let token = InviteToken.make()
        let mail: InviteMail?
        do {
            mail = try context.unauthenticatedQuery(InviteMail.opening(job.lease, with: token), access: .readWrite)
                .decodeFirst()
        } catch let error as PostgresError where error.state == .lockNotAvailable {
            // The invite is being accepted or cancelled.
            let outcome = DeliveryOutcome(transientError: error.description, attempt: job.attempt)
            return .failure(Unsent(outcome: outcome))
        }
        guard let mail else { return .failure(Unsent(outcome: .dropped)) }
        guard let message = mail.message(id: job.id.uuid, token: token, link: link) else {
            let reason = "the invite's address or team cannot be written into a mail"
            return .failure(Unsent(outcome: .dead(reason: reason)))
        }
        return .success(message)
    }

    /// The outcome of a job whose mail is not sent.
    private struct Unsent: Error {
        let outcome: DeliveryOutcome
    }
}
