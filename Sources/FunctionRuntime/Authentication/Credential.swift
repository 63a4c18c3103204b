import Base
import Core
import Cryptography

/// The credential of a caller.
enum Credential {
    /// A bearer token (RFC 6750, section 2.1).
    case token(String)

    /// The value of `X-API-Key`.
    case key(String)

    static let ambiguous = Problem(
        status: 401,
        code: "ambiguous_credentials",
        detail: "Send exactly one credential."
    )

    /// Finds the only credential of a request.
    ///
    /// - Throws: A `Problem` with status 401 if there is no credential, more than one, or one of an unknown kind.
    init(in headers: Headers) throws(Problem) {
        let authorizations = headers.values(of: "authorization")
        let keys = headers.values(of: "x-api-key")
        guard authorizations.count + keys.count > 0 else { throw .unauthenticated }
        guard authorizations.count + keys.count == 1 else { throw Self.ambiguous }
        if let key = keys.first {
            self = .key(key)
            return
        }
        // The scheme is case-insensitive (RFC 9110, section 11.1).
        let scheme = "bearer "
        guard let scalars = authorizations.first?.unicodeScalars,
            String(scalars.prefix(scheme.utf8.count)).lowercasedASCII.utf8.elementsEqual(scheme.utf8),
            scalars.count > scheme.utf8.count
        else { throw .unauthenticated }
        let credential = String(scalars.dropFirst(scheme.utf8.count))
        // Many gateways and monitoring systems send no other header field. No token begins like a key.
        self = credential.utf8.starts(with: APIKey.marker.utf8) ? .key(credential) : .token(credential)
    }
}

extension Headers {
    /// Adds the credential of a command line.
    ///
    /// A value that starts with the API key marker is an API key, any other value is a token.
    mutating func add(credential: String) {
        if credential.utf8.starts(with: APIKey.marker.utf8) {
            add("x-api-key", credential)
        } else {
            add("authorization", "Bearer \(credential)")
        }
    }
}

/// Checks the claims of a token that an API Gateway JWT authorizer has verified.
///
/// API Gateway converts every claim to text. It checks only the signature, the times and the audiences in its own
/// configuration. Therefore this type checks issuer and audience again.
struct AuthorizerClaims {
    let issuer: String
    let audience: String

    /// The end of the year 9999, the same limit as for tokens.
    private static let latestExpiration: Int64 = 253_402_300_800

    /// The caller that the claims identify.
    ///
    /// - Throws: A `Problem` with status 401 and code `invalid_token` or `token_expired`.
    func caller(_ claims: JSONValue, now: Timestamp) throws(Problem) -> Caller {
        let invalid = Problem(status: 401, code: "invalid_token", detail: "The token is not valid.")
        guard let claimed = claims["iss"]?.string, claimed.utf8.elementsEqual(issuer.utf8),
            let claimedAudience = (claims["aud"] ?? claims["client_id"])?.string,
            claimedAudience.utf8.elementsEqual(audience.utf8),
            let subject = claims["sub"]?.string, TokenClaims.isSubject(subject),
            let expiration = (claims["exp"]?.string).flatMap(Int64.init), expiration < Self.latestExpiration
        else { throw invalid }
        guard now.secondsSince1970 - 60 < expiration else {
            throw Problem(status: 401, code: "token_expired", detail: "The token has expired.")
        }
        // Text of which the time cannot be read counts as no time.
        let issuedAt = claims["iat"]?.string.flatMap(Int64.init).map { min(max($0, 0), Self.latestExpiration) }
        let isVerified = claims["email_verified"]?.string?.utf8.elementsEqual("true".utf8) == true
        return Caller(
            user: ID(TokenClaims.userID(of: subject, at: issuer)),
            issuer: issuer,
            subject: subject,
            email: isVerified ? claims["email"]?.string.flatMap(EmailAddress.init) : nil,
            issuedAt: issuedAt.map { Timestamp(microsecondsSince1970: $0 * 1_000_000) },
            isOperator: TokenClaims.scopes(in: claims).contains(where: \.isOperators)
                || ["scp", "permissions"].contains { claims[$0]?.string.map(Self.isOperators) == true }
        )
    }

    /// Whether a list in API Gateway's text format, such as `[read admin:ops]`, contains the operator scope.
    private static func isOperators(_ list: String) -> Bool {
        guard list.utf8.first == UInt8(ascii: "["), list.utf8.last == UInt8(ascii: "]") else { return false }
        return list.dropFirst().dropLast().split(separator: " ").map(String.init).contains(where: \.isOperators)
    }
}

extension String {
    /// Whether this scope makes the bearer of the token an operator.
    var isOperators: Bool { utf8.elementsEqual(Scope.operations.rawValue.utf8) }
}
