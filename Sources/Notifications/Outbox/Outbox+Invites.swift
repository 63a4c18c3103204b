import Base
import Core
import Postgres
import Teams

extension Outbox {
    /// To connect and send, and to write down what came of it.
    static let timeForInvite = Duration.seconds(1)
    /// To write down what came of an attempt.
    static let timeToSettle = Duration.milliseconds(500)
    // Far below the five minutes of a claim.
    private static let timeToSend = Duration.seconds(60)

    /// Mails the invite that has been due longest.
    ///
    /// - Returns: Whether there was one.
    static func deliverInvite(
        by couriers: inout Couriers,
        report: inout Report,
        in context: inout Context
    ) throws -> Bool {
        guard let found = try context.operatorQuery(OutboxRow.inviteClaim).first else { return false }
        let row = try OutboxRow(invite: found)
        report.claimed += 1
        let outcome = try mail(row, by: &couriers, in: &context)
        let isLate = try context.unauthenticatedQuery(row.settlement(as: outcome), access: .readWrite).isEmpty
        if !isLate { report.count(outcome) }
        context.log.note(row, outcome, wasLate: isLate)
        return true
    }

    private static func mail(
        _ row: OutboxRow,
        by couriers: inout Couriers,
        in context: inout Context
    ) throws -> OutboxOutcome {
        guard case .invite(let invite) = row.content else { return .dropped }
        guard !row.isGivenUp else { return OutboxRow.givenUp }
        let token = InviteToken.make()
        let invitation: Invitation?
        do {
            invitation = try context.unauthenticatedQuery(Invitation.opening(invite, with: token), access: .readWrite)
                .decodeFirst()
        } catch let error as PostgresError where error.state == .lockNotAvailable {
            // Somebody is just accepting or cancelling it.
            return row.outcome(ofPassingFailure: error.description)
        }
        guard let invitation else { return .dropped }
        guard let message = invitation.message(id: row.id, token: token, link: couriers.link) else {
            return .dead(reason: "the invite's address or team cannot be written into a mail")
        }
        do throws(MailError) {
            try couriers.mailer?.send(message, deadline: min(context.deadline - timeToSettle, .after(timeToSend)))
            return .delivered
        } catch {
            return error.isPermanent
                ? .dead(reason: error.description) : row.outcome(ofPassingFailure: error.description)
        }
    }
}
