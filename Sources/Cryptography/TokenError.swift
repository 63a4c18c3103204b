/// Why a token is not accepted.
///
/// The reason is for the log. A caller learns only whether the token ``isExpired``, which tells nothing to someone
/// who made one up: it is asked last, after the signature and every other claim.
public struct TokenError: Error, Hashable, CustomStringConvertible {
    /// The rule that was broken.
    public let reason: Reason

    init(_ reason: Reason) {
        self.reason = reason
    }

    /// Whether the token was good, but is no longer.
    public var isExpired: Bool { reason == .expired }

    /// The reason; nothing of the token itself.
    public var description: String { "token refused: \(reason.rawValue)" }

    /// What is asked of a token, in the order in which it is asked.
    public enum Reason: String, CaseIterable, Sendable {
        /// More than 8 KiB.
        case tooLarge
        /// Not three parts of base64url.
        case malformed
        /// The header is not a JSON object, or a member of it has the wrong type.
        case malformedHeader
        /// `crit` asks for an extension; none is understood.
        case criticalExtension
        /// `jwk`, `jku`, `x5u` or `x5c`: the token brings its own key.
        case embeddedKey
        /// `typ` is for something else.
        case unsupportedType
        /// `alg` is none of ours.
        case unsupportedAlgorithm
        /// There is more than one key, and no `kid`.
        case missingKeyID
        /// There is no key of that `kid` or algorithm.
        case unknownKey
        /// `alg` is not the key's.
        case algorithmMismatch
        /// The signature is not the token's.
        case invalidSignature
        /// The claims are not a JSON object, or one has the wrong type.
        case malformedClaims
        /// `iss` is not ours.
        case wrongIssuer
        /// `aud` does not have ours.
        case wrongAudience
        /// `sub` is missing, empty, too long or has control characters.
        case invalidSubject
        /// There is no `exp`.
        case missingExpiration
        /// `nbf` is in the future.
        case notYetValid
        /// `iat` is in the future.
        case issuedInFuture
        /// More than 24 hours lie between `iat`, or now, and `exp`.
        case livesTooLong
        /// `exp` is past.
        case expired
    }
}
