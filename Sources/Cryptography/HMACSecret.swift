internal import Base

/// A secret that signs and verifies HS256 tokens.
///
/// It comes only from the configuration and is not a `PublicKey`, so a published key can never be used as a secret.
struct HMACSecret: Sendable {
    private let secret: Secret

    /// Creates a key from a secret of at least 32 bytes, the size of the hash (RFC 7518, section 3.2).
    init(_ secret: Secret) throws(KeyError) {
        guard secret.bytes.count >= 32 else { throw KeyError(.shortSecret) }
        self.secret = secret
    }

    /// The signature of a message.
    func signature(for message: [UInt8]) -> [UInt8] {
        HMACSHA256.code(for: message, key: secret.bytes)
    }

    /// Whether a signature is valid for the message.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        constantTimeEqual(signature, self.signature(for: message))
    }
}
