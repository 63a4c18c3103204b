import Base
import Testing

@testable import Cryptography

struct TokenHeaderTests {
    // Cases: teams 132
    @Test(arguments: [
        "none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "HS384", "HS512", "RS512", "PS256", "ES384", "dir",
    ])
    func `only the four algorithms are accepted`(_ name: String) throws {
        let header = #"{"alg":"\#(name)","typ":"JWT"}"#
        let verifier = try TestTokens.verifier()
        #expect(verifier.refusal(of: TestTokens.hs256(header: header)) == .unsupportedAlgorithm)
        let unsigned = TestTokens.hs256(header: header).parts.dropLast().joined(separator: ".") + "."
        #expect(verifier.refusal(of: unsigned) == .unsupportedAlgorithm)
    }

    // Cases: teams 134
    @Test func `a valid token is accepted after one with another algorithm was rejected`() throws {
        let verifier = try TestTokens.verifier(keys: TestTokens.keySet(TestTokens.rsaKey))
        for name in ["RS512", "PS256"] {
            let header = Base64.encodeURL(Array(#"{"alg":"\#(name)","kid":"rsa"}"#.utf8))
            let token = ([header] + TestVectors.rs256.parts.dropFirst()).joined(separator: ".")
            #expect(verifier.refusal(of: token) == .unsupportedAlgorithm)
            #expect(verifier.refusal(of: TestVectors.rs256) == nil)
        }
    }

    // Cases: teams 134
    @Test(arguments: [
        ("RS256", "ec"), ("RS256", "ed"), ("ES256", "rsa"), ("ES256", "ed"), ("EdDSA", "rsa"), ("EdDSA", "ec"),
    ])
    func `a key verifies only its own algorithm`(algorithm: String, id: String) throws {
        let token = TestTokens.hs256(header: #"{"alg":"\#(algorithm)","kid":"\#(id)"}"#)
        #expect(try TestTokens.verifier().refusal(of: token) == .algorithmMismatch)
    }

    // Cases: teams 135
    @Test(arguments: ["unknown", "RSA", "rsa ", "", "../rsa"])
    func `an unknown key id is rejected`(_ id: String) throws {
        let header = #"{"alg":"RS256","kid":"\#(id)"}"#
        let token = ([Base64.encodeURL(Array(header.utf8))] + TestVectors.rs256.parts.dropFirst())
            .joined(separator: ".")
        #expect(try TestTokens.verifier().refusal(of: token) == .unknownKey)
        #expect(
            try TestTokens.verifier(keys: TestTokens.keySet(TestTokens.rsaKey)).refusal(of: token) == .unknownKey
        )
    }

    @Test func `key ids are compared byte by byte`() throws {
        let composed = TestTokens.rsaKey.replacing("\"rsa\"", with: "\"caf\u{E9}\"")
        let header = #"{"alg":"RS256","kid":"cafe\#u{301}"}"#
        let verifier = try TestTokens.verifier(keys: TestTokens.keySet(composed))
        #expect(verifier.refusal(of: TestTokens.hs256(header: header)) == .unknownKey)
    }

    // Cases: teams 135
    @Test(arguments: [TestVectors.rs256Unnamed, TestVectors.es256Unnamed, TestVectors.edDSAUnnamed])
    func `a token must name its key if there are several`(_ token: String) throws {
        #expect(try TestTokens.verifier().refusal(of: token) == .missingKeyID)
    }

    @Test(arguments: [
        (TestVectors.rs256Unnamed, TestTokens.rsaKey), (TestVectors.es256Unnamed, TestTokens.p256Key),
        (TestVectors.edDSAUnnamed, TestTokens.ed25519Key),
    ])
    func `a token need not name the only key`(token: String, key: String) throws {
        #expect(try TestTokens.verifier(keys: TestTokens.keySet(key)).refusal(of: token) == nil)
    }

    @Test func `a token with a key id does not match a key without one`() throws {
        let keys = try TestTokens.keySet(TestTokens.rsaKey.replacing(#""kid":"rsa","#, with: ""))
        #expect(try TestTokens.verifier(keys: keys).refusal(of: TestVectors.rs256) == .unknownKey)
        #expect(try TestTokens.verifier(keys: keys).refusal(of: TestVectors.rs256Unnamed) == nil)
    }

    @Test func `a token with a key id does not match the secret`() throws {
        let token = TestTokens.hs256(header: #"{"alg":"HS256","kid":"some"}"#)
        #expect(try TestTokens.verifier(keys: nil).refusal(of: token) == .unknownKey)
    }

    @Test func `without a key set or a secret, its algorithms have no key`() throws {
        #expect(try TestTokens.verifier(keys: nil).refusal(of: TestVectors.rs256) == .unknownKey)
        let keys = try TestTokens.keySet(TestTokens.rsaKey)
        #expect(try TestTokens.verifier(secret: nil, keys: keys).refusal(of: TestTokens.hs256()) == .unknownKey)
    }
}

extension TokenHeaderTests {
    // Cases: teams 141, 142
    @Test(
        arguments: [
            (#""crit":["exp"]"#, .criticalExtension), (#""crit":[]"#, .criticalExtension),
            (#""crit":[1,"b64",null]"#, .criticalExtension), (#""crit":null"#, .criticalExtension),
            (#""b64":false,"crit":["b64"]"#, .criticalExtension), (#""jwk":{"kty":"oct","k":"AA"}"#, .embeddedKey),
            (#""jku":"https://attacker.example/keys""#, .embeddedKey),
            (#""x5u":"https://attacker.example""#, .embeddedKey),
            (#""x5c":[]"#, .embeddedKey), (#""typ":"JWS""#, .unsupportedType), (#""typ":"""#, .unsupportedType),
            (#""typ":"dpop+jwt""#, .unsupportedType), (#""typ":1"#, .malformedHeader), (#""kid":1"#, .malformedHeader),
            (#""kid":null"#, .malformedHeader), (#""alg":"HS256""#, .malformedHeader),
        ] as [(String, TokenError.Reason)]
    )
    func `a header member that could mislead a verifier is rejected`(member: String, reason: TokenError.Reason) throws {
        let token = TestTokens.hs256(header: #"{"alg":"HS256",\#(member)}"#)
        #expect(try TestTokens.verifier().refusal(of: token) == reason)
    }

    // Cases: teams 142
    @Test(arguments: [
        #"{"typ":"JWT"}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, "[]", "null", #""HS256""#, "", "{",
        #"{"alg":"HS256"} x"#, #"{"alg":"HS256",}"#, "\u{FEFF}{\"alg\":\"HS256\"}", #"{"alg":"HS256","x":"\u0000"}"#,
        #"{"alg":"HS256","a\u006Cg":"HS256"}"#,
    ])
    func `a header without an algorithm or that is not an object is rejected`(_ header: String) throws {
        #expect(try TestTokens.verifier().refusal(of: TestTokens.hs256(header: header)) == .malformedHeader)
    }

    @Test(arguments: ["JWT", "jwt", "at+jwt", "AT+JWT"])
    func `both token types are accepted`(_ type: String) throws {
        let token = TestTokens.hs256(header: #"{"typ":"\#(type)","alg":"HS256","cty":"text","x5t":"AA"}"#)
        #expect(try TestTokens.verifier().refusal(of: token) == nil)
    }
}
