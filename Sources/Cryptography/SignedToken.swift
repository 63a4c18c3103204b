internal import Base

/// A token in its three parts (RFC 7515, section 7.1): nothing is wrong with it that shows without a key, and nothing
/// it says can be believed yet.
public struct SignedToken: Sendable {
    let header: TokenHeader
    let payload: [UInt8]
    let signature: [UInt8]

    /// What the signature is made over: the first two parts as they came.
    let signedBytes: [UInt8]

    /// The most bytes of a token, and how deep its JSON may be.
    static let limits = JSONLimits(bytes: 8_192, depth: 32)

    /// Takes a token in its compact form apart, strictly.
    ///
    /// - Throws: ``TokenError`` with the first rule that the token breaks.
    public init(_ token: [UInt8]) throws(TokenError) {
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

    /// Whether a key of a key set has to have made the signature; the configured secret otherwise.
    public var needsKeySet: Bool { header.algorithm != .hs256 }
}
