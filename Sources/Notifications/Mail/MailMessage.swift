public import Base

/// A plain text from one mailbox to one address (RFC 5322, RFC 2045).
///
/// What it becomes is ASCII in lines of at most 78 characters, unless an address alone is longer.
public struct MailMessage: Sendable {
    /// A subject that cannot be the value of a header.
    public struct InvalidSubject: Error, CustomStringConvertible {
        public let description = "the subject is empty, too long or has control characters"
    }

    // The longest name of a team, and words around it.
    private static let subjects = TextRule(1...200)

    let recipient: EmailAddress
    private let id: UUID
    private let subject: String
    private let text: String
    private let date: Timestamp

    /// Makes a message.
    ///
    /// - Parameters:
    ///   - id: What tells this message from all others; sent twice, it is still one message to whoever compares.
    ///   - recipient: Whom it goes to.
    ///   - subject: What it is about, in one line of at most 200 characters.
    ///   - text: What it says; its lines end with line feeds.
    ///   - date: When it was written.
    /// - Throws: ``InvalidSubject``: a line break in a header would begin another one.
    public init(
        id: UUID,
        to recipient: EmailAddress,
        subject: String,
        text: String,
        date: Timestamp = .now()
    ) throws(InvalidSubject) {
        guard let subject = try? Self.subjects.check(subject) else { throw InvalidSubject() }
        self.id = id
        self.recipient = recipient
        self.subject = subject
        self.text = text
        self.date = date
    }

    /// The message as it is sent: header section, empty line and body, with CRLF at the end of each line.
    func bytes(from sender: Mailbox) -> [UInt8] {
        let domain = sender.address.text.split(separator: "@").last ?? ""
        var message = sender.header.lines(named: "From")
        message += MailHeader(words: [recipient.text]).lines(named: "To")
        message += MailHeader(text: subject).lines(named: "Subject")
        message += "Date: \(date.inMail)\r\n"
        message += "Message-ID: <\(id)@\(domain)>\r\n"
        // No answer of a machine is wanted (RFC 3834, section 5).
        message += "Auto-Submitted: auto-generated\r\n"
        message += "MIME-Version: 1.0\r\n"
        message += "Content-Type: text/plain; charset=utf-8\r\n"
        message += "Content-Transfer-Encoding: base64\r\n\r\n"
        return Array(message.utf8) + body
    }

    /// The text in base64, 76 characters a line (RFC 2045, section 6.8).
    private var body: [UInt8] {
        let ended = text.utf8.last == UInt8(ascii: "\n") ? text : text + "\n"
        let lines = ended.utf8.flatMap { $0 == UInt8(ascii: "\n") ? [0x0D, 0x0A] : [$0] }
        var digits = Array(Base64.encode(lines).utf8)[...]
        var body: [UInt8] = []
        while !digits.isEmpty {
            body += digits.prefix(76) + [0x0D, 0x0A]
            digits = digits.dropFirst(76)
        }
        return body
    }
}
