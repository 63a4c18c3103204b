import Base
import Cryptography
import Testing

struct TokenClaimsTests {
    /// The tokens' `iat`; `exp` is 3600 later.
    let start: Int64 = 1_700_000_000

    @Test func `the claims of a token identify the caller`() throws {
        let claims = try TestTokens.verifier().verify(TestTokens.hs256(), now: TestTokens.now)
        #expect(claims.issuer == TestTokens.issuer)
        #expect(claims.subject == "0190a5d2-7c1e-7000-8000-000000000001")
        #expect(claims.verifiedEmail == nil)
        #expect(claims.issuedAt == TestTokens.time(start))
        #expect(claims.expiresAt == TestTokens.time(start + 3_600))
    }

    @Test(
        arguments: [
            ([:], []), (["scope": #""read admin:ops""#], ["read", "admin:ops"]), (["scope": #""""#], []),
            (["scp": #"["a","b c"]"#], ["a", "b c"]), (["permissions": #"["a"]"#], ["a"]),
            (["scope": #""a""#, "scp": #"["b"]"#, "permissions": #"["c"]"#], ["a", "b", "c"]),
            (["scope": #"["a"]"#], []), (["scp": #""a b""#], []), (["permissions": #"["a",1]"#], []),
            (["permissions": #"{"a":"b"}"#], []), (["scp": "null"], []), (["scope": "7"], []),
            (["app_metadata": #"{"scope":"a"}"#, "roles": #"["a"]"#], []),
        ] as [(KeyValuePairs<String, String?>, [String])]
    )
    func `a token has the scopes of its claims`(claims: KeyValuePairs<String, String?>, scopes: [String]) throws {
        let token = TestTokens.hs256(claims: TestTokens.claims(claims))
        #expect(try TestTokens.verifier().verify(token, now: TestTokens.now).scopes == scopes)
    }

    // Cases: teams 138
    @Test func `a token is accepted until a minute after its expiry`() throws {
        #expect(try refusal(at: TestTokens.time(start + 3_659)) == nil)
        #expect(try refusal(at: TestTokens.time(start + 3_659, microseconds: 999_999)) == nil)
        #expect(try refusal(at: TestTokens.time(start + 3_660)) == .expired)
        #expect(try refusal(at: TestTokens.time(start + 3_661)) == .expired)
    }

    // Cases: teams 138
    @Test func `only an otherwise valid token is reported as expired`() throws {
        let late = TestTokens.time(start + 7_200)
        #expect(try refusal(["iss": #""other""#], at: late) == .wrongIssuer)
        #expect(try refusal(["aud": #""other""#], at: late) == .wrongAudience)
        let error = #expect(throws: TokenError.self) {
            try TestTokens.verifier().verify(TestTokens.hs256(), now: late)
        }
        #expect(error?.isExpired == true)
    }

    // Cases: teams 138
    @Test(
        arguments: [
            (nil, .missingExpiration), (#""1700003600""#, .malformedClaims), ("null", .malformedClaims),
            ("true", .malformedClaims), ("[1700003600]", .malformedClaims), ("1e400", .malformedClaims),
            ("-1e400", .malformedClaims), ("1e300", .malformedClaims), ("253402300800", .malformedClaims),
            ("99999999999999999999", .malformedClaims), ("9223372036854775807", .malformedClaims), ("0", .expired),
            ("-1", .expired),
        ] as [(String?, TokenError.Reason)]
    )
    func `an expiry is required, is a time and has not passed`(_ value: String?, reason: TokenError.Reason) throws {
        #expect(try refusal(["exp": value]) == reason)
    }

    @Test func `times may have fractions and exponents`() throws {
        let fraction = ["exp": "1700000000.5", "iat": "1.7e9"] as KeyValuePairs<String, String?>
        #expect(try refusal(fraction, at: TestTokens.time(start + 60, microseconds: 499_999)) == nil)
        #expect(try refusal(fraction, at: TestTokens.time(start + 60, microseconds: 500_000)) == .expired)
    }

    // Cases: teams 139
    @Test func `a token is accepted from a minute before its not-before time`() throws {
        #expect(try refusal(["nbf": "1700000000"]) == nil)
        #expect(try refusal(["nbf": "1700000060"]) == nil)
        #expect(try refusal(["nbf": "1700000060.000001"]) == .notYetValid)
        #expect(try refusal(["nbf": "1700000061"]) == .notYetValid)
        #expect(try refusal(["nbf": #""1700000000""#]) == .malformedClaims)
    }

    // Cases: teams 139
    @Test func `a token issued in the future is rejected`() throws {
        #expect(try refusal(["iat": "1700000060"]) == nil)
        #expect(try refusal(["iat": "1700000061"]) == .issuedInFuture)
        #expect(try refusal(["iat": "1e999"]) == .malformedClaims)
        #expect(try refusal(["iat": nil]) == nil)
    }

    @Test func `a token lives at most one day`() throws {
        #expect(try refusal(["exp": "1700086400"]) == nil)
        #expect(try refusal(["exp": "1700086401"]) == .livesTooLong)
    }
}

extension TokenClaimsTests {
    // Cases: teams 140
    @Test(arguments: [
        #""https://issuer.example/""#, #""HTTPS://issuer.example""#, #""""#, "null", "1",
        #"["https://issuer.example"]"#, nil,
    ])
    func `the issuer must equal ours exactly`(_ value: String?) throws {
        #expect(try refusal(["iss": value]) == .wrongIssuer)
    }

    // Cases: teams 140
    @Test(arguments: [
        nil, "[]", #""other""#, #""NOFX""#, #""nofx ""#, #"["other"]"#, #"[["nofx"]]"#, #"["nofx",1]"#,
        #"[null,"nofx"]"#, "null", #"{"nofx":true}"#, #""other nofx""#,
    ])
    func `an audience without ours is refused`(_ value: String?) throws {
        #expect(try refusal(["aud": value]) == .wrongAudience)
    }

    // Cases: teams 140
    @Test(arguments: [#""nofx""#, #"["nofx"]"#, #"["x","nofx"]"#, #"["nofx","x"]"#])
    func `an audience with ours is accepted`(_ value: String) throws {
        #expect(try refusal(["aud": value]) == nil)
    }

    // Cases: teams 144
    @Test(arguments: [
        nil, #""""#, "null", "1", #"["a"]"#, #""a\u0001""#, #""a\nb""#, #""a\u007fb""#, #""a\u0085b""#,
        "\"" + String(repeating: "x", count: 256) + "\"", "\"" + String(repeating: "é", count: 128) + "\"",
    ])
    func `the subject must be a storable and loggable string`(_ value: String?) throws {
        #expect(try refusal(["sub": value]) == .invalidSubject)
    }

    // Cases: teams 144
    @Test(arguments: [
        #""a""#, #""auth0|5f7c8ec7c33c6c004bbafe82""#, #""日本""#,
        "\"" + String(repeating: "x", count: 255) + "\"",
    ])
    func `the subject need not be a UUID`(_ value: String) throws {
        #expect(try refusal(["sub": value]) == nil)
    }

    @Test func `a NUL in the subject is refused with the JSON`() throws {
        #expect(try refusal(["sub": #""a\u0000""#]) == .malformedClaims)
    }

    @Test(arguments: ["[]", "null", #""text""#, "", "{", #"{"iss":"a","iss":"https://issuer.example"}"#, "{} {}"])
    func `claims that are not exactly one object are rejected`(_ claims: String) throws {
        #expect(try TestTokens.verifier().refusal(of: TestTokens.hs256(claims: claims)) == .malformedClaims)
    }

    @Test func `a verified address is accepted`() throws {
        let address = try email(["email": #"" Ada@Example.com ""#, "email_verified": "true"])
        #expect(address?.text == "Ada@Example.com")
        #expect(address?.normalized == "ada@example.com")
    }

    @Test(arguments: [nil, "false", "null", #""true""#, "1", "[true]"])
    func `an unverified address is ignored`(_ verified: String?) throws {
        #expect(try email(["email": #""ada@example.com""#, "email_verified": verified]) == nil)
    }

    @Test(arguments: [nil, "null", "1", #""not an address""#, #""ada@example.com\r\nBcc: x@example.com""#])
    func `an invalid address is ignored`(_ address: String?) throws {
        #expect(try email(["email": address, "email_verified": "true"]) == nil)
    }

    // Cases: teams 145
    @Test func `claims that users can edit themselves are ignored`() throws {
        let metadata = #"{"email":"root@example.com","email_verified":true,"tenant_id":"x","role":"admin","sub":"x"}"#
        let plain = try TestTokens.verifier().verify(TestTokens.hs256(), now: TestTokens.now)
        let changes: KeyValuePairs<String, String?> = [
            "user_metadata": metadata, "app_metadata": metadata, "role": #""admin""#, "tenant_id": #""x""#,
        ]
        #expect(try verify(changes) == plain)
        #expect(
            try verify(["user_metadata": metadata, "email": #""a@example.com""#]).verifiedEmail == nil
        )
    }
}

extension TokenClaimsTests {
    private func refusal(
        _ changes: KeyValuePairs<String, String?> = [:],
        at time: Timestamp = TestTokens.now
    ) throws -> TokenError.Reason? {
        try TestTokens.verifier().refusal(of: TestTokens.hs256(claims: TestTokens.claims(changes)), at: time)
    }

    private func verify(_ changes: KeyValuePairs<String, String?>) throws -> TokenClaims {
        try TestTokens.verifier().verify(TestTokens.hs256(claims: TestTokens.claims(changes)), now: TestTokens.now)
    }

    private func email(_ changes: KeyValuePairs<String, String?>) throws -> EmailAddress? {
        try verify(changes).verifiedEmail
    }
}
