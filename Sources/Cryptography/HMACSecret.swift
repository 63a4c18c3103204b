internal import Base

/// A secret that HS256 tokens are signed and verified with.
///
/// It is made from configuration only and is no public key: a published key can never end up as a secret.
struct HMACSecret: Sendable {
    private let secret: Secret

    /// Takes a secret of at least 32 bytes, the size of the hash (RFC 7518, section 3.2).
    init(_ secret: Secret) throws(KeyError) {
        guard secret.bytes.count >= 32 else { throw KeyError(.shortSecret) }
        self.secret = secret
    }

    /// The signature of a message.
    func signature(for message: [UInt8]) -> [UInt8] {
        HMACSHA256.code(for: message, key: secret.bytes)
    }

    /// Whether a signature is the message's.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        constantTimeEqual(signature, self.signature(for: message))
    }
}
