import Base
import Cryptography
import Testing

struct TokenIssuerTests {
    @Test func `a verifier accepts an issued token`() throws {
        let email = try #require(EmailAddress("Ada@example.com"))
        let token = try issuer().token(subject: "auth0|1", email: email, lifetime: .seconds(90), now: TestTokens.now)
        let claims = try TestTokens.verifier(keys: nil).verify(token, now: TestTokens.now)
        #expect(claims.issuer == TestTokens.issuer)
        #expect(claims.subject == "auth0|1")
        #expect(claims.verifiedEmail == email)
        #expect(claims.issuedAt == TestTokens.now)
        #expect(claims.expiresAt == TestTokens.now + .seconds(90))
    }

    @Test func `special characters in a subject are escaped`() throws {
        let subject = #"","sub":"root","x":""\"#
        let token = try issuer().token(subject: subject, now: TestTokens.now)
        #expect(try TestTokens.verifier(keys: nil).verify(token, now: TestTokens.now).subject == subject)
    }

    @Test(arguments: [0, -1, 86_401])
    func `a token's lifetime must be between a second and a day`(seconds: Int) throws {
        #expect(throws: TokenIssuer.Failure.invalidLifetime) {
            try issuer().token(subject: "a", lifetime: .seconds(seconds))
        }
    }

    @Test(arguments: ["", "a\nb", String(repeating: "a", count: 256)])
    func `a subject that verifiers reject is not issued`(_ subject: String) throws {
        #expect(throws: TokenIssuer.Failure.invalidSubject) { try issuer().token(subject: subject) }
    }

    @Test func `scopes are joined to one string, and an invalid scope is not issued`() throws {
        let token = try issuer().token(subject: "a", scopes: ["read", "admin:ops"], now: TestTokens.now)
        #expect(try TestTokens.verifier(keys: nil).verify(token, now: TestTokens.now).scopes == ["read", "admin:ops"])
        for scope in ["", "a b", "a\"", "a\\", "é", "a\n"] {
            #expect(throws: TokenIssuer.Failure.invalidScope) { try issuer().token(subject: "a", scopes: [scope]) }
        }
    }

    @Test func `the longest token is accepted`() throws {
        let token = try issuer().token(
            subject: String(repeating: "a", count: 255),
            lifetime: .seconds(86_400),
            now: TestTokens.now
        )
        #expect(try TestTokens.verifier(keys: nil).refusal(of: token) == nil)
    }

    @Test func `a short secret cannot issue tokens`() {
        let error = KeyError.from { () throws(KeyError) in
            try TokenIssuer(secret: Secret("short"), issuer: "i", audience: "a")
        }
        #expect(error?.rule == .shortSecret)
    }

    private func issuer() throws(KeyError) -> TokenIssuer {
        try TokenIssuer(secret: TestTokens.secret, issuer: TestTokens.issuer, audience: TestTokens.audience)
    }
}
