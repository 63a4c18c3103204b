import Base
import Core
import Cryptography

/// Turns a request into a caller, or refuses it.
struct Authenticator {
    private let verifier: TokenVerifier
    private let authorizer: AuthorizerClaims?

    /// Makes an authenticator; nil where the function takes no credential.
    ///
    /// - Parameters:
    ///   - configuration: The keys, and whether an authorizer in front is trusted.
    ///   - believesPlatform: Whether claims that the platform says it verified are enough.
    init?(_ configuration: Configuration, believesPlatform: Bool) {
        guard let verifier = configuration.verifier else { return nil }
        self.verifier = verifier
        authorizer =
            believesPlatform && configuration.trustsAuthorizer
            ? AuthorizerClaims(issuer: configuration.issuer, audience: configuration.audience) : nil
    }

    /// Verifies a request's credential.
    ///
    /// - Throws: 401; why a token was refused is for the log alone.
    func caller(of request: Request, now: Timestamp, log: Log) throws(Problem) -> Caller {
        if let authorizer, let claims = request.authorizerClaims {
            return try authorizer.caller(claims, now: now)
        }
        let token = try Credential.token(in: request.headers)
        do throws(TokenError) {
            let claims = try verifier.verify(token, now: now)
            return Caller(
                user: ID(claims.userID),
                issuer: claims.issuer,
                subject: claims.subject,
                email: claims.verifiedEmail
            )
        } catch {
            log.warning("token.refused", ["reason": error.reason.rawValue])
            throw error.isExpired
                ? Problem(401, "token_expired", "The token has expired.")
                : Problem(401, "invalid_token", "The token is not valid.")
        }
    }
}
