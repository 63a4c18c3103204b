/// The accepted signature algorithms of tokens (RFC 7518, section 3.1; RFC 8037, section 3.1).
///
/// There is no case for an unsigned token, so no code can accept one.
enum SignatureAlgorithm: String, Sendable {
    /// HMAC with SHA-256.
    case hs256 = "HS256"
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// EdDSA on Ed25519.
    case edDSA = "EdDSA"
}
