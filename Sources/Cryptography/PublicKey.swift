/// A key that can verify signatures but not create them.
enum PublicKey: Sendable {
    case rsa(RSAPublicKey)
    case p256(P256PublicKey)
    case ed25519(Ed25519PublicKey)

    /// The only algorithm for this key.
    ///
    /// The token's `alg` cannot change it.
    var algorithm: SignatureAlgorithm {
        switch self {
        case .rsa: .rs256
        case .p256: .es256
        case .ed25519: .edDSA
        }
    }

    /// Whether a signature is valid for the message.
    func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        switch self {
        case .rsa(let key): key.isValid(signature: signature, for: message)
        case .p256(let key): key.isValid(signature: signature, for: message)
        case .ed25519(let key): key.isValid(signature: signature, for: message)
        }
    }
}
