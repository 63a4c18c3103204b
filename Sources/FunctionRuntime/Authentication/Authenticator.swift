import Base
import Core
import Cryptography

/// Turns a request into a caller, or refuses it.
struct Authenticator {
    private let verifier: TokenVerifier
    private var keySet: KeySetSource?
    private let keys: KeyAuthenticator
    private let authorizer: AuthorizerClaims?

    /// Makes an authenticator; nil where the function takes no credential.
    ///
    /// - Parameters:
    ///   - configuration: The keys, and whether an authorizer in front is trusted.
    ///   - believesPlatform: Whether claims that the platform says it verified are enough.
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
    /// - Throws: 401; why a credential was refused is for the log alone. `PostgresError` from the look-up of a key,
    ///   503 `keys_unavailable` when there are none to verify a token with.
    mutating func caller(of request: Request, now: Timestamp, in context: inout Context) throws -> Caller {
        if let authorizer, let claims = request.authorizerClaims {
            // The token that the claims are of is there as well; a key would be another caller.
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
