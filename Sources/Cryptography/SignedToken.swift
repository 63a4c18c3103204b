internal import Base

/// A parsed token in its three parts (RFC 7515, section 7.1).
///
/// It passed every check that needs no key, but its signature is not yet verified.
public struct SignedToken: Sendable {
    let header: TokenHeader
    let payload: [UInt8]
    let signature: [UInt8]

    /// The signed bytes: the first two parts as received.
    let signedBytes: [UInt8]

    /// The maximum size of a token in bytes, and the maximum nesting depth of its JSON.
    static let limits = JSONLimits(bytes: 8_192, depth: 32)

    /// Parses a token in compact form, strictly.
    ///
    /// - Throws: ``TokenError`` with the first rule that the token violates.
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

    /// Whether the signature needs a key of a key set, and not the configured secret.
    public var needsKeySet: Bool { header.algorithm != .hs256 }
}
