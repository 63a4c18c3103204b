public import Base

/// Creates HS256 tokens that a ``TokenVerifier`` with the same secret, issuer and audience accepts.
///
/// It is for development and tests. In production an identity provider issues the tokens.
public struct TokenIssuer: Sendable {
    private let secret: HMACSecret
    private let issuer: String
    private let audience: String

    /// Sets the values that all tokens have in common.
    ///
    /// - Throws: ``KeyError`` if the secret has less than 32 bytes, or if issuer or audience is empty.
    public init(secret: Secret, issuer: String, audience: String) throws(KeyError) {
        guard !issuer.isEmpty else { throw KeyError(.emptyIssuer) }
        guard !audience.isEmpty else { throw KeyError(.emptyAudience) }
        self.secret = try HMACSecret(secret)
        self.issuer = issuer
        self.audience = audience
    }

    /// Creates a token.
    ///
    /// - Parameters:
    ///   - subject: The user that the token identifies, 1 to 255 bytes without control characters.
    ///   - email: The subject's address. The token states that it is verified.
    ///   - scopes: The scopes of the token, such as `admin:ops`; if empty, the claim is omitted.
    ///   - lifetime: The time until the token expires, from one second to 24 hours. Fractions of a second are
    ///     truncated.
    ///   - now: The time of issue.
    /// - Returns: The token in compact form.
    /// - Throws: ``Failure`` if the subject, the lifetime or a scope is invalid.
    public func token(
        subject: String,
        email: EmailAddress? = nil,
        scopes: [String] = [],
        lifetime: Duration = .seconds(3_600),
        now: Timestamp = .now()
    ) throws(Failure) -> String {
        guard TokenClaims.isSubject(subject) else { throw .invalidSubject }
        guard (.seconds(1)...TokenClaims.longestLifetime).contains(lifetime) else { throw .invalidLifetime }
        guard scopes.allSatisfy(Self.isScope) else { throw .invalidScope }
        var claims = JSONWriter()
        claims.object { claims in
            claims.member("iss", issuer)
            claims.member("aud", audience)
            claims.member("sub", subject)
            claims.member("iat", now.secondsSince1970)
            claims.member("exp", now.secondsSince1970 + lifetime.components.seconds)
            if !scopes.isEmpty { claims.member("scope", scopes.joined(separator: " ")) }
            if let email {
                claims.member("email", email.text)
                claims.member("email_verified", true)
            }
        }
        let header = Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        let message = Base64.encodeURL(header) + "." + Base64.encodeURL(claims.bytes)
        return message + "." + Base64.encodeURL(secret.signature(for: Array(message.utf8)))
    }

    /// Whether a text is a valid scope (RFC 6749, section 3.3).
    private static func isScope(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    /// The reason why a token cannot be created.
    public enum Failure: Error, Hashable, CustomStringConvertible {
        case invalidSubject
        case invalidLifetime
        case invalidScope

        public var description: String {
            switch self {
            case .invalidSubject: "a subject must have 1 to 255 bytes and no control characters"
            case .invalidLifetime: "a lifetime must be between 1 and 86400 seconds"
            case .invalidScope: "a scope must be visible ASCII without spaces, quotes and backslashes"
            }
        }
    }
}
