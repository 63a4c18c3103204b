public import Base
import HTTPClient
public import System

/// Sends mail in the way that the environment says: through a program, or to a server.
///
/// Nothing is started and no connection made before the first message.
public struct Mailer: ~Copyable {
    private let sender: Mailbox
    private let command: MailCommand?
    private var client: SMTPClient?

    /// Reads the configuration: `NOFX_MAIL_FROM`, and either `NOFX_MAIL_COMMAND` or `NOFX_SMTP_URL`.
    ///
    /// - Throws: `ConfigurationError`, which names the variable and never its value.
    public init(_ environment: Environment) throws(ConfigurationError) {
        guard let from = environment["NOFX_MAIL_FROM"] else {
            throw ConfigurationError("NOFX_MAIL_FROM", "must be set")
        }
        guard let sender = Mailbox(from) else {
            throw ConfigurationError(
                "NOFX_MAIL_FROM",
                "must be an address, alone or as in Acme <mail@acme.example>"
            )
        }
        let (words, url) = (environment["NOFX_MAIL_COMMAND"], environment["NOFX_SMTP_URL"])
        guard words != nil || url != nil else {
            throw ConfigurationError("NOFX_MAIL_COMMAND", "is needed, unless NOFX_SMTP_URL is set")
        }
        guard words == nil || url == nil else {
            throw ConfigurationError("NOFX_MAIL_COMMAND", "must not be set together with NOFX_SMTP_URL")
        }
        let command = if let words { try MailCommand(words, environment) } else { nil as MailCommand? }
        let server = if let url { try Self.server(url) } else { nil as SMTPServer? }
        self.sender = sender
        self.command = command
        client = server.map { SMTPClient($0, authorities: Self.authorities(environment)) }
    }

    /// Sends a message.
    ///
    /// - Throws: ``MailError``. Unless it is permanent, the message may have been sent all the same.
    public mutating func send(_ message: MailMessage, deadline: Deadline) throws(MailError) {
        let bytes = message.bytes(from: sender)
        if let command {
            try command.send(bytes, from: sender.address, to: message.recipient, deadline: deadline)
            return
        }
        do throws(SMTPError) {
            try client?.send(bytes, from: sender.address, to: message.recipient, deadline: deadline)
        } catch {
            throw MailError(isPermanent: error.isPermanent, error.description)
        }
    }

    private static func server(_ url: String) throws(ConfigurationError) -> SMTPServer {
        do throws(SMTPServer.InvalidURL) {
            return try SMTPServer(url: url)
        } catch {
            throw ConfigurationError("NOFX_SMTP_URL", error.description)
        }
    }

    private static func authorities(_ environment: Environment) -> CertificateAuthorities {
        environment["SSL_CERT_FILE"].map { .file($0) } ?? .system
    }
}
