/// An Ed25519 public key that verifies EdDSA signatures (RFC 8032, RFC 8037).
struct Ed25519PublicKey: Sendable {
    private let bytes: [UInt8]

    /// Creates a key from the 32 bytes of RFC 8032, section 5.1.5.
    init(_ bytes: [UInt8]) throws(KeyError) {
        guard bytes.count == 32 else { throw KeyError(.malformedKey) }
        self.bytes = bytes
    }

    /// Whether a signature of 64 bytes is valid for the message.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64, Self.isScalar(Array(signature[32...])) else { return false }
        return OpenSSL.isolatingErrors {
            guard let key = OpenSSLPublicKey(ed25519: bytes) else { return false }
            return key.isValidEdDSA(signature: signature, for: message)
        }
    }

    /// Whether 32 little-endian bytes are less than the group order L (RFC 8032, section 5.1.7).
    ///
    /// Without this check, adding L to s would turn one valid signature into a second one.
    static func isScalar(_ bytes: [UInt8]) -> Bool {
        bytes.reversed().lexicographicallyPrecedes(order)
    }

    /// L = 2²⁵² + 27742317777372353535851937790883648493, big-endian.
    private static var order: [UInt8] {
        [
            0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            0x14, 0xDE, 0xF9, 0xDE, 0xA2, 0xF7, 0x9C, 0xD6, 0x58, 0x12, 0x63, 0x1A, 0x5C, 0xF5, 0xD3, 0xED,
        ]
    }
}
