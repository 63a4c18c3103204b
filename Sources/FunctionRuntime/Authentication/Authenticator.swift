import Base
import Core
import Cryptography

/// Authenticates the caller of a request.
struct Authenticator {
    private let verifier: TokenVerifier
    private var keySet: KeySetSource?
    private let keys: KeyAuthenticator
    private let authorizer: AuthorizerClaims?

    /// Creates an authenticator.
    ///
    /// Returns nil if the function accepts no credential.
    ///
    /// - Parameters:
    ///   - configuration: The keys, and whether a preceding authorizer is trusted.
    ///   - believesPlatform: Whether the transport's platform can pass on verified claims.
    init?(_ configuration: Configuration, believesPlatform: Bool) {
        guard let verifier = configuration.verifier else { return nil }
        self.verifier = verifier
        keySet = configuration.keySetURL.map(KeySetSource.init)
        keys = KeyAuthenticator(environment: configuration.quotas.keyEnvironment)
        authorizer =
            believesPlatform && configuration.trustsAuthorizer
            ? AuthorizerClaims(issuer: configuration.issuer, audience: configuration.audience) : nil
    }

    /// Verifies a request's credential.
    ///
    /// - Throws: A `Problem` with status 401 if the credential is rejected; the reason appears only in the log.
    ///   `PostgresError` from the look-up of a key. A `Problem` with status 503 and code `keys_unavailable` if there
    ///   are no keys to verify a token with.
    mutating func caller(of request: Request, now: Timestamp, in context: inout Context) throws -> Caller {
        if let authorizer, let claims = request.authorizerClaims {
            // The request also contains the token of these claims. An API key would identify a second caller.
            guard request.headers.values(of: "x-api-key").isEmpty else { throw Credential.ambiguous }
            return try authorizer.caller(claims, now: now)
        }
        switch try Credential(in: request.headers) {
        case .token(let token): return try caller(token: token, now: now, in: &context)
        case .key(let key): return try keys.caller(key, in: &context)
        }
    }

    private mutating func caller(token: String, now: Timestamp, in context: inout Context) throws -> Caller {
        do {
            let token = try SignedToken(Array(token.utf8))
            let keys = token.needsKeySet ? try keySet?.keys(for: token, now: now, in: &context) : nil
            let claims = try verifier.verify(token, keys: keys, now: now)
            return Caller(
                user: ID(claims.userID),
                issuer: claims.issuer,
                subject: claims.subject,
                email: claims.verifiedEmail,
                issuedAt: claims.issuedAt,
                isOperator: claims.scopes.contains(where: \.isOperators)
            )
        } catch let error as TokenError {
            context.log.warning("token.refused", ["reason": error.reason.rawValue])
            throw error.isExpired
                ? Problem(status: 401, code: "token_expired", detail: "The token has expired.")
                : Problem(status: 401, code: "invalid_token", detail: "The token is not valid.")
        }
    }
}
