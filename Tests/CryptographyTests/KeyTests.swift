import Base
import Cryptography
import Testing

struct KeyTests {
    // Cases: teams 143
    @Test(arguments: [0, 1, 16, 31])
    func `a secret shorter than 32 bytes is rejected`(size: Int) {
        let secret = Secret([UInt8](repeating: 1, count: size))
        let error = KeyError.from { () throws(KeyError) in try TestTokens.verifier(secret: secret, keys: nil) }
        #expect(error?.rule == .shortSecret)
    }

    @Test func `a secret of 32 bytes is accepted`() throws {
        _ = try TestTokens.verifier(secret: Secret([UInt8](repeating: 1, count: 32)), keys: nil)
    }

    @Test func `a verifier needs a key, an issuer and an audience`() {
        let secret = TestTokens.secret
        #expect(rule(secret: nil, issuer: "i", audience: "a") == .noKey)
        #expect(rule(secret: secret, issuer: "", audience: "a") == .emptyIssuer)
        #expect(rule(secret: secret, issuer: "i", audience: "") == .emptyAudience)
        #expect(rule(secret: secret, issuer: "i", audience: "a") == nil)
    }

    @Test(arguments: ["", "[]", "{}", "null", #"{"keys":{}}"#, #"{"keys":null}"#, #"{"keys":[]"#, TestTokens.rsaKey])
    func `an invalid key set is rejected`(_ json: String) {
        #expect(KeyError.from { () throws(KeyError) in try JSONWebKeySet(json: json) }?.rule == .malformedSet)
    }

    // Cases: teams 143
    @Test(
        arguments: [
            #"{"kty":"oct","k":"AAAA"}"#: .symmetricKey,
            #"{"kty":"oct"}"#: .symmetricKey,
            TestTokens.rsaKey.with(#""d":"AA""#): .privateKey,
            TestTokens.p256Key.with(#""d":"AA""#): .privateKey,
            TestTokens.ed25519Key.with(#""d":"AA""#): .privateKey,
            TestTokens.rsaKey.with(#""p":"AA""#): .privateKey,
            TestTokens.rsaKey.with(#""use":"enc","d":"AA""#): .privateKey,
            #"{"kty":"RSA","n":"\#(TestVectors.smallRSAModulus)","e":"AQAB"}"#: .smallRSAKey,
            #"{"kty":"RSA","n":"","e":"AQAB"}"#: .smallRSAKey,
            #"{"kty":"RSA","n":"\#(TestVectors.rsaModulus)","e":"AQ"}"#: .malformedKey,
            #"{"kty":"RSA","n":"\#(TestVectors.rsaModulus)","e":"Ag"}"#: .malformedKey,
            #"{"kty":"RSA","n":"\#(TestVectors.rsaModulus)","e":""}"#: .malformedKey,
            #"{"kty":"RSA","n":"\#(TestVectors.rsaModulus)","e":65537}"#: .malformedKey,
            #"{"kty":"RSA","n":"\#(TestVectors.rsaModulus)"}"#: .malformedKey,
            #"{"kty":"RSA","n":"\#(TestVectors.rsaModulus)=","e":"AQAB"}"#: .malformedKey,
            #"{"kty":"RSA","n":"\#(String(repeating: "_", count: 1_400))","e":"AQAB"}"#: .malformedKey,
            #"{"kty":"EC","x":"AA","y":"AA"}"#: .malformedKey,
            #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#: .notOnCurve,
            #"{"kty":"EC","crv":"P-256","x":"\#(TestVectors.p256Y)","y":"\#(TestVectors.p256X)"}"#: .notOnCurve,
            #"{"kty":"EC","crv":"P-256","x":"\#(String.zeros)","y":"\#(String.zeros)"}"#: .notOnCurve,
            #"{"kty":"EC","crv":"P-256","x":"\#(TestVectors.p256X)"}"#: .malformedKey,
            #"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#: .malformedKey,
            TestTokens.rsaKey.with(#""alg":"ES256""#): .contradictoryAlgorithm,
            TestTokens.rsaKey.with(#""alg":"HS256""#): .contradictoryAlgorithm,
            TestTokens.p256Key.with(#""alg":"EdDSA""#): .contradictoryAlgorithm,
            TestTokens.rsaKey.with(#""alg":1"#): .malformedKey,
            TestTokens.rsaKey.with(#""use":["sig"]"#): .malformedKey,
            TestTokens.rsaKey.with(#""key_ops":"verify""#): .malformedKey,
            #"{"kid":"a"}"#: .malformedKey,
            "1": .malformedKey,
        ] as [String: KeyError.Rule]
    )
    func `an invalid key is rejected with its place and rule`(json: String, rule: KeyError.Rule) {
        let error = KeyError.from { () throws(KeyError) in try TestTokens.keySet(TestTokens.otherKey, json) }
        #expect(error?.rule == rule)
        #expect(error?.position == 1)
    }

    @Test(arguments: [
        TestTokens.rsaKey.with(#""use":"enc""#), TestTokens.rsaKey.with(#""alg":"RSA-OAEP""#),
        TestTokens.rsaKey.with(#""alg":"PS256""#), TestTokens.rsaKey.with(#""alg":"RS512""#),
        TestTokens.rsaKey.with(#""key_ops":["encrypt"]"#), TestTokens.rsaKey.with(#""key_ops":[]"#),
        #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#,
        #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#,
        #"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}"#, #"{"kty":"RSA","use":"enc","n":"AQ","e":"AQ"}"#,
    ])
    func `a key for another purpose is ignored`(_ json: String) throws {
        let alone = KeyError.from { () throws(KeyError) in try TestTokens.keySet(json) }
        #expect(alone == KeyError.from { () throws(KeyError) in try TestTokens.keySet() })
        #expect(alone?.rule == .noUsableKey)

        let verifier = try TestTokens.verifier(keys: TestTokens.keySet(json, TestTokens.ed25519Key))
        #expect(verifier.refusal(of: TestVectors.edDSA) == nil)
        #expect(verifier.refusal(of: TestVectors.edDSAUnnamed) == nil, "it is the only key")
        #expect(verifier.refusal(of: TestVectors.rs256) == .unknownKey)
    }

    @Test(arguments: [
        "", #""alg":"RS256""#, #""use":"sig""#, #""key_ops":["sign","verify"],"ext":true"#,
        #""x5c":["MIIC"],"x5t":"AA","issuer":"https://issuer.example""#,
    ])
    func `optional members of a key are accepted`(_ members: String) throws {
        let key = members.isEmpty ? TestTokens.rsaKey : TestTokens.rsaKey.with(members)
        let verifier = try TestTokens.verifier(keys: TestTokens.keySet(key))
        #expect(verifier.refusal(of: TestVectors.rs256) == nil)
    }

    @Test func `a leading zero of the modulus is ignored`() throws {
        let modulus = try #require(Base64.decodeURL(TestVectors.rsaModulus.utf8))
        let key = #"{"kty":"RSA","n":"\#(Base64.encodeURL([0] + modulus))","e":"AAEAAQ"}"#
        let verifier = try TestTokens.verifier(keys: TestTokens.keySet(key))
        #expect(verifier.refusal(of: TestVectors.rs256Unnamed) == nil)
        let small = try #require(Base64.decodeURL(TestVectors.smallRSAModulus.utf8))
        let padded = Base64.encodeURL([UInt8](repeating: 0, count: 128) + small)
        let error = KeyError.from { () throws(KeyError) in
            try TestTokens.keySet(#"{"kty":"RSA","n":"\#(padded)","e":"AQAB"}"#)
        }
        #expect(error?.rule == .smallRSAKey)
    }

    @Test func `several keys must have distinct ids`() {
        let unnamed = TestTokens.p256Key.replacing(#""kid":"ec","#, with: "")
        let same = TestTokens.p256Key.replacing(#""ec""#, with: #""rsa""#)
        let missing = KeyError.from { () throws(KeyError) in try TestTokens.keySet(TestTokens.rsaKey, unnamed) }
        let duplicate = KeyError.from { () throws(KeyError) in try TestTokens.keySet(TestTokens.rsaKey, same) }
        #expect(missing?.rule == .missingKeyID)
        #expect(duplicate?.rule == .duplicateKeyID)
        #expect(duplicate?.position == 1)
        #expect(duplicate.map { "\($0)" } == "keys[1]: another key has the same kid")
    }

    private func rule(secret: Secret?, issuer: String, audience: String) -> KeyError.Rule? {
        KeyError.from { () throws(KeyError) in
            try TokenVerifier(secret: secret, keys: nil, issuer: issuer, audience: audience)
        }?
        .rule
    }
}

extension TestTokens {
    fileprivate static let otherKey = ed25519Key.replacing(#""ed""#, with: #""other""#)
}

extension String {
    fileprivate static let zeros = Base64.encodeURL([UInt8](repeating: 0, count: 32))

    /// A JSON object with additional members.
    fileprivate func with(_ members: String) -> String { "{" + members + "," + dropFirst() }
}
