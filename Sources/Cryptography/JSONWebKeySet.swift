internal import Base

/// The public keys of an issuer (RFC 7517, section 5): RSA of at least 2048 bits, EC on P-256, OKP on Ed25519.
///
/// Each key is for one algorithm, RS256, ES256 or EdDSA, decided by its type and curve when the set is read. Keys for
/// other purposes, algorithms, types and curves are passed over, because issuers publish everything in one set.
public struct JSONWebKeySet: Sendable {
    private let keys: [JSONWebKey]

    /// Reads a key set, such as the content of `NOFX_JWKS`.
    public init(json: String) throws(KeyError) {
        try self.init(json: Array(json.utf8))
    }

    /// Reads a key set in UTF-8.
    ///
    /// - Throws: ``KeyError`` when the set has no usable key, a symmetric, private, weak or malformed one, two of the
    ///   same `kid`, or several of which one has none.
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

    /// Whether a newer set could not help: the key that the token names is here, or it names none.
    public func knowsKey(of token: SignedToken) -> Bool {
        guard let id = token.header.keyID else { return true }
        return keys.contains { $0.id?.utf8.elementsEqual(id.utf8) == true }
    }

    /// The key that a token names, or the only one if it names none.
    ///
    /// - Throws: ``TokenError`` when there is no such key. Never a guess: a name that is not known is not ignored.
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
