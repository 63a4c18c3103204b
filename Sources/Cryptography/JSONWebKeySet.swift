internal import Base

/// The public keys of an issuer (RFC 7517, section 5): RSA of at least 2048 bits, EC on P-256, OKP on Ed25519.
///
/// Each key has exactly one algorithm, RS256, ES256 or EdDSA, which its type and curve determine when the set is
/// parsed. Keys with other purposes, algorithms, types and curves are skipped, because issuers publish all their keys
/// in one set.
public struct JSONWebKeySet: Sendable {
    private let keys: [JSONWebKey]

    /// Parses a key set, such as the value of `NOFX_JWKS`.
    public init(json: String) throws(KeyError) {
        try self.init(json: Array(json.utf8))
    }

    /// Parses a key set in UTF-8.
    ///
    /// - Throws: ``KeyError`` if the set has no usable key; has a symmetric, private, weak or malformed key; has two
    ///   keys with the same `kid`; or has several keys of which one has no `kid`.
    public init(json: [UInt8]) throws(KeyError) {
        guard let set = try? JSONDocument(parsing: json).root["keys"], set.kind == .array else {
            throw KeyError(.malformedSet)
        }
        var found: [(position: Int, key: JSONWebKey)] = []
        for (position, element) in set.elements.enumerated() {
            do throws(KeyError) {
                guard let key = try JSONWebKey.read(element) else { continue }
                found.append((position, key))
            } catch {
                throw KeyError(error.rule, at: position)
            }
        }
        if found.isEmpty { throw KeyError(.noUsableKey) }
        if found.count > 1 { try Self.checkIDs(found) }
        keys = found.map(\.key)
    }

    /// Whether the set contains the key that the token names, or the token names none.
    ///
    /// If so, a newer set would not help.
    public func knowsKey(of token: SignedToken) -> Bool {
        guard let id = token.header.keyID else { return true }
        return keys.contains { $0.id?.utf8.elementsEqual(id.utf8) == true }
    }

    /// The key that a token names, or the only key if the token names none.
    ///
    /// - Throws: ``TokenError`` if there is no such key. An unknown name is never ignored.
    func key(named id: String?) throws(TokenError) -> PublicKey {
        if let id {
            guard let match = keys.first(where: { $0.id?.utf8.elementsEqual(id.utf8) == true }) else {
                throw TokenError(.unknownKey)
            }
            return match.key
        }
        guard keys.count == 1, let only = keys.first else { throw TokenError(.missingKeyID) }
        return only.key
    }

    private static func checkIDs(_ keys: [(position: Int, key: JSONWebKey)]) throws(KeyError) {
        var seen: Set<[UInt8]> = []
        for (position, key) in keys {
            guard let id = key.id else { throw KeyError(.missingKeyID, at: position) }
            guard seen.insert(Array(id.utf8)).inserted else { throw KeyError(.duplicateKeyID, at: position) }
        }
    }
}
