import Base
import Cryptography

/// What the messages of one webhook are signed with, as Standard Webhooks 1.0 has it.
///
/// Printing it shows `[redacted]`.
public struct WebhookSecret: Sendable, CustomStringConvertible {
    private let secret: Secret

    init(_ bytes: [UInt8]) {
        secret = Secret(bytes)
    }

    /// The secret as its receiver is told it: `whsec_` and base64.
    public var text: String { "whsec_" + Base64.encode(secret.bytes) }

    /// The value of `webhook-signature` for a message.
    ///
    /// - Parameters:
    ///   - id: The value of `webhook-id`.
    ///   - timestamp: The value of `webhook-timestamp`, in seconds since 1970.
    ///   - body: What is sent, byte by byte.
    /// - Returns: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64.
    public func signature(id: String, timestamp: String, body: [UInt8]) -> String {
        let content = Array("\(id).\(timestamp).".utf8) + body
        return "v1," + Base64.encode(HMACSHA256.code(for: content, key: secret.bytes))
    }

    public var description: String { secret.description }
}
