public import Base
public import System

/// The ways in which what is in the outbox gets out, as far as the environment says how.
///
/// Whoever has no webhooks needs no key, and whoever only has webhooks needs no mail.
public struct Couriers: ~Copyable {
    private static var mailVariables: [String] { ["NOFX_MAIL_FROM", "NOFX_MAIL_COMMAND", "NOFX_SMTP_URL"] }

    var mailer: Mailer?
    let link: InviteLink?
    var webhooks: WebhookSender?

    /// Reads how mail is sent, and what webhooks are signed with.
    ///
    /// - Throws: `ConfigurationError`, also where there is neither.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let link = try InviteLink(environment)
        let key = try WebhookKey(environment)
        let sendsMail = key == nil || Self.mailVariables.contains { environment[$0] != nil }
        let mailer = if sendsMail { try Mailer(environment) } else { nil as Mailer? }
        let webhooks = if let key { try WebhookSender(key, environment) } else { nil as WebhookSender? }
        self.link = link
        self.mailer = mailer
        self.webhooks = webhooks
    }
}
