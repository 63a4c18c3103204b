public import Base
public import System
import Teams

/// The channels that deliverOutbox sends through: mail and webhooks, as far as the environment configures them.
///
/// An installation without webhooks needs no key, and one that only has webhooks needs no mail server.
public struct DeliveryChannels: Sendable {
    private static var mailVariables: [String] { ["NOFX_MAIL_FROM", "NOFX_MAIL_COMMAND", "NOFX_SMTP_URL"] }

    /// What each sending thread reads its configuration from.
    let environment: Environment
    let link: InviteLink?
    let sendsMail: Bool

    /// What signs messages; nil where none are sent.
    let key: WebhookKey?

    /// Reads how to send mail and which key signs messages to webhooks.
    ///
    /// - Throws: `ConfigurationError`, also where neither is configured.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let link = try InviteLink(environment)
        let key = try WebhookKey(environment)
        let sendsMail = key == nil || Self.mailVariables.contains { environment[$0] != nil }
        if sendsMail { _ = try Mailer(environment) }
        if let key { _ = try WebhookSender(key, environment) }
        self.environment = environment
        self.link = link
        self.sendsMail = sendsMail
        self.key = key
    }
}

/// The address of the page where an invite is accepted.
public struct InviteLink: Sendable {
    private static var variable: String { "NOFX_INVITE_URL" }

    private let head: String
    private let tail: String

    /// Reads `NOFX_INVITE_URL`, an address with `{token}` in the place of the token; nil when it is not set.
    ///
    /// - Throws: `ConfigurationError`.
    public init?(_ environment: Environment) throws(ConfigurationError) {
        guard let template = environment[Self.variable] else { return nil }
        guard template.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            template.hasPrefix("https://") || template.hasPrefix("http://")
        else {
            throw ConfigurationError(Self.variable, "must begin with https:// or http://, without spaces")
        }
        // No address has another brace in it.
        let parts = template.split(separator: "{", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("token}") else {
            throw ConfigurationError(Self.variable, "must have {token} in it, once")
        }
        (head, tail) = (String(parts[0]), String(parts[1].dropFirst("token}".utf8.count)))
    }

    func address(with token: InviteToken) -> String {
        head + token.text + tail
    }
}
