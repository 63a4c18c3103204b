import Base
import Cryptography
import Testing

struct NamedUUIDTests {
    @Test func `the example of RFC 9562 is reproduced`() throws {
        let dns = try #require(UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
        #expect("\(UUID.v5(namespace: dns, name: "www.example.com"))" == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    }

    @Test func `the namespace for URLs equals that of RFC 9562`() {
        #expect("\(UUID.urlNamespace)" == "6ba7b811-9dad-11d1-80b4-00c04fd430c8")
    }

    @Test func `a subject that is a UUID becomes the user id`() throws {
        let claims = try verified(subject: "0190A5D2-7c1e-7000-8000-000000000001")
        #expect("\(claims.userID)" == "0190a5d2-7c1e-7000-8000-000000000001")
        #expect(claims.subject == "0190A5D2-7c1e-7000-8000-000000000001")
    }

    @Test func `any other subject is hashed with its issuer to the user id`() throws {
        #expect("\(try verified(subject: "auth0|1").userID)" == "2041ea8b-b08e-5e7f-b497-86c60e7884ef")
        #expect(try verified(subject: "auth0|2").userID != verified(subject: "auth0|1").userID)
    }

    @Test func `a subject cannot be the identity that is derived for another one`() throws {
        let derived = try verified(subject: "auth0|1").userID
        let copy = try verified(subject: "\(derived)")
        #expect(copy.userID != derived)
        #expect(copy.userID.version == 5)
        // What is derived for the copy cannot be taken either, nor does the case of its digits make another user.
        #expect(try verified(subject: "\(copy.userID)").userID != copy.userID)
        #expect(try verified(subject: "\(derived)".uppercased()).userID == copy.userID)
    }

    @Test func `the same subject of another issuer is another user`() throws {
        let token = try TokenIssuer(secret: TestTokens.secret, issuer: "https://other.example", audience: "nofx")
            .token(subject: "auth0|1", now: TestTokens.now)
        let other = try TokenVerifier(
            secret: TestTokens.secret,
            keys: nil,
            issuer: "https://other.example",
            audience: "nofx"
        )
        .verify(token, now: TestTokens.now)

        #expect(try other.userID != verified(subject: "auth0|1").userID)
    }

    private func verified(subject: String) throws -> TokenClaims {
        let token = TestTokens.hs256(claims: TestTokens.claims(["sub": "\"\(subject)\""]))
        return try TestTokens.verifier(keys: nil).verify(token, now: TestTokens.now)
    }
}
