public import Base

/// Verifies JSON Web Tokens (RFC 7519) and reads their claims.
///
/// HS256 is verified only with the secret; RS256, ES256 and EdDSA only with the key set. The key determines the
/// algorithm, so a token's header cannot extend the set of accepted tokens (RFC 8725).
public struct TokenVerifier: Sendable {
    private let secret: HMACSecret?
    private var keys: JSONWebKeySet?
    private let issuer: String
    private let audience: String

    /// Creates a verifier with fixed keys.
    ///
    /// - Parameters:
    ///   - secret: The key of HS256 tokens, at least 32 bytes. It has no `kid`, so a token with a `kid` does not match
    ///     it.
    ///   - keys: The public keys of the issuer.
    ///   - issuer: The exact value of `iss`.
    ///   - audience: The value that `aud` must equal or contain.
    /// - Throws: ``KeyError`` if there are neither a secret nor keys, if the secret is too short, or if issuer or
    ///   audience is empty.
    public init(secret: Secret?, keys: JSONWebKeySet?, issuer: String, audience: String) throws(KeyError) {
        guard secret != nil || keys != nil else { throw KeyError(.noKey) }
        try self.init(secret: secret, issuer: issuer, audience: audience)
        self.keys = keys
    }

    /// Creates a verifier that receives the issuer's keys together with each token that needs them.
    ///
    /// - Parameters:
    ///   - secret: The key of HS256 tokens; nil if HS256 tokens are not accepted.
    ///   - issuer: The exact value of `iss`.
    ///   - audience: The value that `aud` must equal or contain.
    /// - Throws: ``KeyError`` if the secret is too short, or if issuer or audience is empty.
    public init(secret: Secret?, issuer: String, audience: String) throws(KeyError) {
        guard !issuer.isEmpty else { throw KeyError(.emptyIssuer) }
        guard !audience.isEmpty else { throw KeyError(.emptyAudience) }
        if let secret { self.secret = try HMACSecret(secret) } else { self.secret = nil }
        keys = nil
        self.issuer = issuer
        self.audience = audience
    }

    /// Verifies a token in compact form.
    ///
    /// - Throws: ``TokenError`` with the first rule that the token violates.
    public func verify(_ token: String, now: Timestamp) throws(TokenError) -> TokenClaims {
        try verify(Array(token.utf8), now: now)
    }

    /// Verifies a token in compact form.
    ///
    /// - Throws: ``TokenError`` with the first rule that the token violates.
    public func verify(_ token: [UInt8], now: Timestamp) throws(TokenError) -> TokenClaims {
        try verify(SignedToken(token), now: now)
    }

    /// Verifies a parsed token.
    ///
    /// - Parameters:
    ///   - token: The token.
    ///   - keys: The issuer's current public keys; nil uses the verifier's own keys.
    ///   - now: The current time.
    /// - Returns: The claims of the token.
    /// - Throws: ``TokenError`` with the first rule that the token violates.
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
