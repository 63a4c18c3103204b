import Base
import Core
import Cryptography

/// Reads the claims that an API Gateway JWT authorizer passes on after it verified the token.
///
/// API Gateway turns every claim into text, and looks at the signature, the times and its own audiences only. Issuer
/// and audience are therefore asked for once more.
struct AuthorizerClaims {
    let issuer: String
    let audience: String

    /// The end of the years that have four digits, as for tokens.
    private static let latestExpiration: Int64 = 253_402_300_800

    /// The caller that the claims tell of.
    ///
    /// - Throws: 401 `invalid_token` or `token_expired`.
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
        let isVerified = claims["email_verified"]?.string?.utf8.elementsEqual("true".utf8) == true
        return Caller(
            user: ID(TokenClaims.userID(of: subject, at: issuer)),
            issuer: issuer,
            subject: subject,
            email: isVerified ? claims["email"]?.string.flatMap(EmailAddress.init) : nil,
            isOperator: TokenClaims.scopes(in: claims).contains(where: \.isOperators)
                || ["scp", "permissions"].contains { claims[$0]?.string.map(Self.isOperators) == true }
        )
    }

    /// Whether a list that became text, as in `[read admin:ops]`, is an operator's.
    private static func isOperators(_ list: String) -> Bool {
        guard list.utf8.first == UInt8(ascii: "["), list.utf8.last == UInt8(ascii: "]") else { return false }
        return list.dropFirst().dropLast().split(separator: " ").map(String.init).contains(where: \.isOperators)
    }
}

extension String {
    /// Whether the word, among those that a token says it is good for, makes its bearer an operator.
    var isOperators: Bool { utf8.elementsEqual(Scope.operations.rawValue.utf8) }
}
