internal import Base

/// The header of an unverified token (RFC 7515, section 4).
///
/// Use it only to choose a key.
struct TokenHeader {
    let algorithm: SignatureAlgorithm
    let keyID: String?

    /// Parses a header.
    ///
    /// Rejects every member that could make a verifier behave unexpectedly (RFC 8725).
    init(json: JSONValue) throws(TokenError) {
        guard json.kind == .object else { throw TokenError(.malformedHeader) }
        if json["crit"] != nil { throw TokenError(.criticalExtension) }
        if ["jwk", "jku", "x5u", "x5c"].contains(where: { json[$0] != nil }) { throw TokenError(.embeddedKey) }
        if let type = try Self.text("typ", in: json), !["jwt", "at+jwt"].contains(type.lowercasedASCII) {
            throw TokenError(.unsupportedType)
        }
        guard let name = try Self.text("alg", in: json) else { throw TokenError(.malformedHeader) }
        guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw TokenError(.unsupportedAlgorithm) }
        self.algorithm = algorithm
        keyID = try Self.text("kid", in: json)
    }

    private static func text(_ name: String, in json: JSONValue) throws(TokenError) -> String? {
        guard let value = json[name] else { return nil }
        guard let text = value.string else { throw TokenError(.malformedHeader) }
        return text
    }
}
