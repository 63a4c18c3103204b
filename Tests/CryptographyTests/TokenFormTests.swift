import Base
import Cryptography
import Testing

/// The checks of the compact form, before the contents are read.
struct TokenFormTests {
    @Test(arguments: ["", ".", "..", "...", "null", "a.b", "a.b.c.d", "Bearer x.y.z", "🙂.🙂.🙂", "=.=.=", " . . "])
    func `a token must have three base64url parts`(_ token: String) throws {
        let reason = try TestTokens.verifier().refusal(of: token)
        #expect(reason == .malformed || (token == ".." && reason == .malformedHeader))
    }

    // Cases: teams 142
    @Test func `a token with two or four parts is rejected`() throws {
        let verifier = try TestTokens.verifier()
        let token = TestTokens.hs256()
        #expect(verifier.refusal(of: token.parts.dropLast().joined(separator: ".")) == .malformed)
        #expect(verifier.refusal(of: token + ".") == .malformed)
        #expect(verifier.refusal(of: token + "." + token.parts[2]) == .malformed)
        #expect(verifier.refusal(of: "." + token) == .malformed)
    }

    // Cases: teams 142
    @Test(arguments: 0..<3)
    func `padding, white space and the other alphabet are refused`(part: Int) throws {
        let verifier = try TestTokens.verifier()
        for spoil in [{ $0 + "=" }, { $0 + "==" }, { " " + $0 }, { $0 + "\n" }, { $0 + "+/" }, { "\u{0}" + $0 }]
            as [@Sendable (String) -> String]
        {
            var parts = TestTokens.hs256().parts
            parts[part] = spoil(parts[part])
            #expect(verifier.refusal(of: parts.joined(separator: ".")) == .malformed)
        }
    }

    // Cases: teams 142
    @Test func `non-zero padding bits are rejected`() throws {
        let verifier = try TestTokens.verifier()
        // 32 bytes take 43 digits, whose last one has two unused bits. Other values there would encode the same
        // bytes.
        let token = TestTokens.hs256()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(alphabet.firstIndex { $0 == token.last })
        #expect(verifier.refusal(of: token) == nil)
        #expect(verifier.refusal(of: token.dropLast() + String(alphabet[last + 1])) == .malformed)
    }

    // Cases: teams 142
    @Test func `bytes that are not UTF-8 are refused in the header and in the claims`() throws {
        let issued = [UInt8]("{\"alg\":\"HS256\",\"x\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        let verifier = try TestTokens.verifier()
        let header = Base64.encodeURL(issued)
        #expect(verifier.refusal(of: header + "." + TestTokens.hs256().parts[1] + ".AAAA") == .malformedHeader)

        let message = TestTokens.hs256().parts[0] + "." + Base64.encodeURL(issued)
        let code = HMACSHA256.code(for: Array(message.utf8), key: TestTokens.secret.bytes)
        #expect(verifier.refusal(of: message + "." + Base64.encodeURL(code)) == .malformedClaims)
    }

    @Test func `a token of 8 KiB is accepted, and one byte more is rejected`() throws {
        let verifier = try TestTokens.verifier()
        let empty = TestTokens.hs256(claims: TestTokens.claims(["x": #""""#])).utf8.count
        let filler = (8_192 - empty) / 4 * 3
        let sizes = (filler - 3...filler + 6).map { count in
            TestTokens.hs256(claims: TestTokens.claims(["x": "\"" + String(repeating: "x", count: count) + "\""]))
        }
        for token in sizes {
            #expect(verifier.refusal(of: token) == (token.utf8.count <= 8_192 ? nil : .tooLarge))
        }
        #expect(sizes.contains { (8_190...8_192).contains($0.utf8.count) })
        #expect(sizes.contains { $0.utf8.count == 8_193 || $0.utf8.count == 8_194 })
    }

    @Test func `deep nesting is refused`() throws {
        let deep = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
        let token = TestTokens.hs256(claims: TestTokens.claims(["x": deep]))
        #expect(try TestTokens.verifier().refusal(of: token) == .malformedClaims)
    }

    @Test func `an error contains nothing of the token`() throws {
        let token = TestTokens.hs256(claims: TestTokens.claims(["iss": #""https://attacker.example""#]))
        let error = #expect(throws: TokenError.self) {
            try TestTokens.verifier().verify(token, now: TestTokens.now)
        }
        #expect(error.map { "\($0)" } == "token refused: wrongIssuer")
    }
}
