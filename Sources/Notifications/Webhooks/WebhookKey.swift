public import Base
public import System
import Cryptography

/// What all secrets of webhooks are derived from, so that none is stored: `NOFX_WEBHOOK_KEY`.
///
/// The holder of the key can sign for every webhook. A new key changes the secret of each webhook.
public struct WebhookKey: Sendable {
    private static var variable: String { "NOFX_WEBHOOK_KEY" }
    private static var leastBytes: Int { 32 }

    private let secret: Secret

    /// Reads the key; nil when it is not set.
    ///
    /// - Throws: `ConfigurationError` for one that is too short.
    public init?(_ environment: Environment) throws(ConfigurationError) {
        guard let text = environment[Self.variable] else { return nil }
        secret = Secret(text)
        guard secret.bytes.count >= Self.leastBytes else {
            throw ConfigurationError(Self.variable, "must have at least \(Self.leastBytes) bytes")
        }
    }

    /// Reads the key where nothing can be done without it.
    ///
    /// - Throws: `ConfigurationError` for one that is missing or too short.
    public static func required(_ environment: Environment) throws(ConfigurationError) -> WebhookKey {
        guard let key = try WebhookKey(environment) else { throw missing }
        return key
    }

    static var missing: ConfigurationError { ConfigurationError(variable, "must be set") }

    /// The secret of one webhook, always the same: HMAC-SHA256 of its id.
    public func secret(of webhook: ID<Webhook>) -> WebhookSecret {
        WebhookSecret(HMACSHA256.code(for: Array("webhook:\(webhook)".utf8), key: secret.bytes))
    }
}
