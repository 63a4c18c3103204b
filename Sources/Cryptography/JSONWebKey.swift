internal import Base

/// A public key of a key set (RFC 7517, section 4).
struct JSONWebKey: Sendable {
    /// The key's `kid`.
    let id: String?

    let key: PublicKey

    /// Parses an element of a key set.
    ///
    /// - Returns: The key, or nil if it has another purpose, such as encryption or another algorithm. Issuers publish
    ///   all their keys in one set.
    /// - Throws: ``KeyError`` if a relevant key is invalid, or if a key must not be published.
    static func read(_ json: JSONValue) throws(KeyError) -> JSONWebKey? {
        let type = try text("kty", in: json)
        if type == "oct" { throw KeyError(.symmetricKey) }
        guard let type, let algorithm = try algorithm(ofType: type, in: json) else {
            if type == nil { throw KeyError(.malformedKey) }
            return nil
        }
        let isPrivate = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].contains { json[$0] != nil }
        if isPrivate { throw KeyError(.privateKey) }
        guard try isForVerification(json) else { return nil }
        if let name = try text("alg", in: json) {
            guard let named = SignatureAlgorithm(rawValue: name) else { return nil }
            guard named == algorithm else { throw KeyError(.contradictoryAlgorithm) }
        }
        return JSONWebKey(id: try text("kid", in: json), key: try publicKey(for: algorithm, in: json))
    }

    private static func algorithm(ofType type: String, in json: JSONValue) throws(KeyError) -> SignatureAlgorithm? {
        switch type {
        case "RSA": .rs256
        case "EC": try requiredText("crv", in: json) == "P-256" ? .es256 : nil
        case "OKP": try requiredText("crv", in: json) == "Ed25519" ? .edDSA : nil
        default: nil
        }
    }

    private static func isForVerification(_ json: JSONValue) throws(KeyError) -> Bool {
        if let use = try text("use", in: json), use != "sig" { return false }
        guard let operations = json["key_ops"] else { return true }
        guard operations.kind == .array else { throw KeyError(.malformedKey) }
        return operations.elements.contains { $0.string == "verify" }
    }

    private static func publicKey(
        for algorithm: SignatureAlgorithm,
        in json: JSONValue
    ) throws(KeyError) -> PublicKey {
        switch algorithm {
        case .rs256: .rsa(try RSAPublicKey(modulus: bytes("n", in: json), exponent: bytes("e", in: json)))
        case .es256: .p256(try P256PublicKey(x: bytes("x", in: json), y: bytes("y", in: json)))
        case .edDSA: .ed25519(try Ed25519PublicKey(bytes("x", in: json)))
        case .hs256: throw KeyError(.symmetricKey)
        }
    }

    private static func text(_ name: String, in json: JSONValue) throws(KeyError) -> String? {
        guard let value = json[name] else { return nil }
        guard let text = value.string else { throw KeyError(.malformedKey) }
        return text
    }

    private static func requiredText(_ name: String, in json: JSONValue) throws(KeyError) -> String {
        guard let text = try text(name, in: json) else { throw KeyError(.malformedKey) }
        return text
    }

    private static func bytes(_ name: String, in json: JSONValue) throws(KeyError) -> [UInt8] {
        guard let text = json[name]?.stringBytes, let bytes = Base64.decodeURL(text) else {
            throw KeyError(.malformedKey)
        }
        return bytes
    }
}
