/// A P-256 public key that verifies ES256 signatures (RFC 7518, section 3.4).
struct P256PublicKey: Sendable {
    private let point: [UInt8]

    /// Creates a key from the coordinates of its point, 32 big-endian bytes each.
    init(x: [UInt8], y: [UInt8]) throws(KeyError) {
        guard P256.contains(x: x, y: y) else { throw KeyError(.notOnCurve) }
        point = [4] + x + y
    }

    /// Whether a signature of 64 bytes is valid for the message.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        guard let signature = ECDSASignature(signature) else { return false }
        return OpenSSL.isolatingErrors {
            guard let key = OpenSSLPublicKey(p256Point: point) else { return false }
            return key.isValidECDSA(signature: signature.der, for: message)
        }
    }
}
