/// The reason why keys or their settings cannot be used.
///
/// The description contains the rule and the position, never a part of a key.
public struct KeyError: Error, Hashable, CustomStringConvertible {
    /// The violated rule.
    public let rule: Rule

    /// The index of the invalid element of `keys` in a key set, counted from zero; nil if the error is not about an
    /// element.
    public let position: Int?

    init(_ rule: Rule, at position: Int? = nil) {
        self.rule = rule
        self.position = position
    }

    public var description: String {
        guard let position else { return rule.sentence }
        return "keys[\(position)]: \(rule.sentence)"
    }

    /// The rules for keys.
    public enum Rule: String, CaseIterable, Sendable {
        case noKey
        case shortSecret
        case emptyIssuer
        case emptyAudience
        case malformedSet
        case noUsableKey
        case malformedKey
        case symmetricKey
        case privateKey
        case smallRSAKey
        case notOnCurve
        case contradictoryAlgorithm
        case duplicateKeyID
        case missingKeyID
    }
}

extension KeyError.Rule {
    fileprivate var sentence: String {
        switch self {
        case .noKey: "a secret or a key set is required"
        case .shortSecret: "a secret must have at least 32 bytes"
        case .emptyIssuer: "an issuer is required"
        case .emptyAudience: "an audience is required"
        case .malformedSet: "a key set must be a JSON object with an array named keys (RFC 7517, section 5)"
        case .noUsableKey: "a key set must have a key that verifies RS256, ES256 or EdDSA"
        case .malformedKey: "a member that the key needs is missing or malformed (RFC 7517, RFC 7518)"
        case .symmetricKey: "a key set must not have a symmetric key; a secret is configured by itself"
        case .privateKey: "a key set must not have private keys"
        case .smallRSAKey: "an RSA key must have at least 2048 bits"
        case .notOnCurve: "an EC key must be a point of its curve, its coordinates 32 bytes each"
        case .contradictoryAlgorithm: "the algorithm does not go with the key's type"
        case .duplicateKeyID: "another key has the same kid"
        case .missingKeyID: "a kid is required where there is more than one key"
        }
    }
}
