public import Base

/// Decides whether a JSON Web Token (RFC 7519) is one of ours, and reads what it says.
///
/// HS256 is verified with the secret only, RS256, ES256 and EdDSA with the key set only, and the keys decide the
/// algorithm: what a token says about itself never widens what is accepted (RFC 8725).
public struct TokenVerifier: Sendable {
    private let secret: HMACSecret?
    private var keys: JSONWebKeySet?
    private let issuer: String
    private let audience: String

    /// Takes the keys, and what tokens must say about who made them for whom.
    ///
    /// - Parameters:
    ///   - secret: The key of HS256 tokens, at least 32 bytes. It has no name: a token with a `kid` is not its.
    ///   - keys: The public keys of the issuer.
    ///   - issuer: The exact `iss`.
    ///   - audience: What `aud` must be or have.
    /// - Throws: ``KeyError`` when there is neither secret nor keys, when the secret is too short, and when issuer
    ///   or audience is empty.
    public init(secret: Secret?, keys: JSONWebKeySet?, issuer: String, audience: String) throws(KeyError) {
        guard secret != nil || keys != nil else { throw KeyError(.noKey) }
        try self.init(secret: secret, issuer: issuer, audience: audience)
        self.keys = keys
    }

    /// Makes a verifier that is given the issuer's keys with each token that needs them.
    ///
    /// - Parameters:
    ///   - secret: As above; nil if no token is signed with a secret.
    ///   - issuer: The exact `iss`.
    ///   - audience: What `aud` must be or have.
    /// - Throws: ``KeyError`` when the secret is too short, and when issuer or audience is empty.
    public init(secret: Secret?, issuer: String, audience: String) throws(KeyError) {
        guard !issuer.isEmpty else { throw KeyError(.emptyIssuer) }
        guard !audience.isEmpty else { throw KeyError(.emptyAudience) }
        if let secret { self.secret = try HMACSecret(secret) } else { self.secret = nil }
        keys = nil
        self.issuer = issuer
        self.audience = audience
    }

    /// Verifies a token in its compact form.
    ///
    /// - Throws: ``TokenError`` with the first rule that the token breaks.
    public func verify(_ token: String, now: Timestamp) throws(TokenError) -> TokenClaims {
        try verify(Array(token.utf8), now: now)
    }

    /// Verifies a token in its compact form.
    ///
    /// - Throws: ``TokenError`` with the first rule that the token breaks.
    public func verify(_ token: [UInt8], now: Timestamp) throws(TokenError) -> TokenClaims {
        try verify(SignedToken(token), now: now)
    }

    /// Verifies a token that was taken apart.
    ///
    /// - Parameters:
    ///   - token: The token.
    ///   - keys: The issuer's public keys of the moment; nil for those that the verifier was made with.
    ///   - now: The time.
    /// - Returns: What the token says.
    /// - Throws: ``TokenError`` with the first rule that the token breaks.
    public func verify(
        _ token: SignedToken,
        keys: JSONWebKeySet? = nil,
        now: Timestamp
    ) throws(TokenError) -> TokenClaims {
        guard try isValid(token, keys ?? self.keys) else { throw TokenError(.invalidSignature) }
        guard let json = try? JSONDocument(parsing: token.payload, limits: SignedToken.limits) else {
            throw TokenError(.malformedClaims)
        }
        return try TokenClaims(json: json.root, issuer: issuer, audience: audience, now: now)
    }

    private func isValid(_ token: SignedToken, _ keys: JSONWebKeySet?) throws(TokenError) -> Bool {
        if token.header.algorithm == .hs256 {
            guard let secret, token.header.keyID == nil else { throw TokenError(.unknownKey) }
            return secret.isValid(signature: token.signature, for: token.signedBytes)
        }
        guard let keys else { throw TokenError(.unknownKey) }
        let key = try keys.key(named: token.header.keyID)
        guard key.algorithm == token.header.algorithm else { throw TokenError(.algorithmMismatch) }
        return key.isValid(signature: token.signature, for: token.signedBytes)
    }
}
