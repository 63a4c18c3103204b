public import Base
public import System

/// What the operator says about new webhooks.
public struct WebhookPolicy: Sendable {
    /// How many webhooks one team may have, those that were disabled included.
    static var limit: Int { 10 }

    let key: WebhookKey
    let allowsPlainHTTP: Bool

    /// Reads `NOFX_WEBHOOK_KEY`, and `NOFX_WEBHOOK_ALLOW_HTTP`, by which URLs may begin with `http://`.
    ///
    /// - Throws: `ConfigurationError`.
    public init(_ environment: Environment) throws(ConfigurationError) {
        key = try WebhookKey.required(environment)
        allowsPlainHTTP = try environment.flag("NOFX_WEBHOOK_ALLOW_HTTP")
    }
}
