public import Base
import Cryptography

/// An API key of a provider.
public struct ProviderKey: Sendable {
    /// The key itself.
    public let secret: Secret

    /// The first 8 hexadecimal digits of the key's SHA-256, which name the key where it must not be shown.
    public let fingerprint: String

    /// Wraps a key.
    public init(_ secret: Secret) {
        self.secret = secret
        fingerprint = Hexadecimal.encode(Array(SHA256.digest(secret.bytes).prefix(4)))
    }
}
