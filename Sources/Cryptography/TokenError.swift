/// The reason why a token is rejected.
///
/// The reason is for the log. A caller learns only whether the token ``isExpired``. This reveals nothing about a forged
/// token, because expiry is checked last, after the signature and every other claim.
public struct TokenError: Error, Hashable, CustomStringConvertible {
    /// The violated rule.
    public let reason: Reason

    init(_ reason: Reason) {
        self.reason = reason
    }

    /// Whether the token was valid but has expired.
    public var isExpired: Bool { reason == .expired }

    /// The reason, without any part of the token.
    public var description: String { "token refused: \(reason.rawValue)" }

    /// The rules for a token, in the order in which they are checked.
    public enum Reason: String, CaseIterable, Sendable {
        /// More than 8 KiB.
        case tooLarge
        /// Not three parts of base64url.
        case malformed
        /// The header is not a JSON object, or a member of it has the wrong type.
        case malformedHeader
        /// `crit` requires an extension. No extension is supported.
        case criticalExtension
        /// `jwk`, `jku`, `x5u` or `x5c`: the token contains or references its own key.
        case embeddedKey
        /// `typ` names another type of token.
        case unsupportedType
        /// `alg` is not one of the supported algorithms.
        case unsupportedAlgorithm
        /// There is more than one key, and the token has no `kid`.
        case missingKeyID
        /// No key has this `kid` or algorithm.
        case unknownKey
        /// `alg` is not the algorithm of the key.
        case algorithmMismatch
        /// The signature does not match the token.
        case invalidSignature
        /// The claims are not a JSON object, or one has the wrong type.
        case malformedClaims
        /// `iss` is not the expected issuer.
        case wrongIssuer
        /// `aud` does not contain the expected audience.
        case wrongAudience
        /// `sub` is missing, empty, too long or has control characters.
        case invalidSubject
        /// `exp` is missing.
        case missingExpiration
        /// `nbf` is in the future.
        case notYetValid
        /// `iat` is in the future.
        case issuedInFuture
        /// More than 24 hours lie between `iat`, or now, and `exp`.
        case livesTooLong
        /// `exp` is in the past.
        case expired
    }
}
