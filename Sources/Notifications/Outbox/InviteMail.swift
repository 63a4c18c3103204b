import Base
import Core
import Postgres
import Queue
import Teams

/// The mail about an invite.
///
/// The sender is the operator's, and the subject and the text are the product's. The team's name stands in them in a form
/// of which no mail program makes a link; the note of the inviter is marked as a quotation.
struct InviteMail: RowDecodable {
    private let email: String
    private let role: Role
    private let note: String?
    private let expiresAt: Timestamp
    private let team: String?
    private let inviter: String?

    init(row: borrowing Row) throws(PostgresError) {
        email = try row["email"]
        role = try row["role"]
        note = try row["message"]
        expiresAt = try row["expires_at"]
        // A name that today's rule refuses is left out: it may hide or reorder the words around it.
        team = TeamName(rawValue: try row["team"])?.rawValue.withoutLinks
        inviter = try row["inviter"]
    }

    /// Adds a token to the invite of a claimed mail and reads the invite; no row when it can no longer be accepted.
    static func opening(_ lease: JobLease, with token: InviteToken) -> Query {
        """
        SELECT email, role, message, expires_at, team, inviter
        FROM nofx.open_mail(\(lease.job), \(lease.fence), \(token.hash))
        """
    }

    /// The message to send; nil when the address cannot be written into a mail.
    func message(id: UUID, token: InviteToken, link: InviteLink?) -> MailMessage? {
        guard let recipient = EmailAddress(email) else { return nil }
        let text = text(for: recipient, token: token, link: link)
        let subjects = [team ?? "a team", "a team"].map { "Invitation to join \($0)" }
        // A name with many brackets in it is too long for a subject.
        return subjects.lazy.compactMap { try? MailMessage(id: id, to: recipient, subject: $0, text: text) }.first
    }

    private func text(for recipient: EmailAddress, token: InviteToken, link: InviteLink?) -> String {
        """
        \(inviter ?? "A member") invites you to join \(team.map { "the team \($0)" } ?? "a team") as \(role.rawValue).

        \(quotedNote)To accept, sign in with your address \(recipient) and \(way(to: token, link))

        The invitation ends on \(end). If you did not expect it, you need not do anything.
        """
    }

    /// The note of the inviter, with a mark in each line, so that it cannot pass for the mail's own text.
    private var quotedNote: String {
        guard let note, !note.isEmpty else { return "" }
        let lines = note.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { "> \($0)" }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private func way(to token: InviteToken, _ link: InviteLink?) -> String {
        guard let link else { return "call acceptInvite with\n\n{\"token\":\"\(token.text)\"}" }
        return "open\n\n\(link.address(with: token))"
    }

    /// When the invite ends, as in `2026-11-29 at 19:01 UTC`.
    private var end: String {
        let text = expiresAt.description
        return "\(text.prefix(10)) at \(text.dropFirst(11).prefix(5)) UTC"
    }
}
