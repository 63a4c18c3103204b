internal import Base

/// A token in its three parts (RFC 7515, section 7.1), not verified.
struct SignedToken {
    let header: TokenHeader
    let payload: [UInt8]
    let signature: [UInt8]

    /// What the signature is made over: the first two parts as they came.
    let signedBytes: [UInt8]

    /// The most bytes of a token, and how deep its JSON may be.
    static let limits = JSONLimits(bytes: 8_192, depth: 32)

    /// Takes a token apart, strictly.
    init(_ token: [UInt8]) throws(TokenError) {
        guard token.count <= Self.limits.bytes else { throw TokenError(.tooLarge) }
        let parts = token.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64.decodeURL(parts[0]), let payload = Base64.decodeURL(parts[1]),
            let signature = Base64.decodeURL(parts[2])
        else { throw TokenError(.malformed) }
        guard let json = try? JSONDocument(parsing: header, limits: Self.limits) else {
            throw TokenError(.malformedHeader)
        }
        self.header = try TokenHeader(json: json.root)
        self.payload = payload
        self.signature = signature
        signedBytes = Array(token[..<parts[1].endIndex])
    }
}
