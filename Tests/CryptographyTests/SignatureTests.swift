import Base
import Testing

@testable import Cryptography

struct SignatureTests {
    /// One valid token per algorithm.
    static let tokens = [TestTokens.hs256(), TestVectors.rs256, TestVectors.es256, TestVectors.edDSA]

    @Test(arguments: tokens)
    func `a valid signature is accepted`(_ token: String) throws {
        let claims = try TestTokens.verifier().verify(token, now: TestTokens.now)
        #expect(claims.subject == "0190a5d2-7c1e-7000-8000-000000000001")
    }

    // Cases: teams 136
    @Test(arguments: tokens)
    func `a flip of any bit of the signature is detected`(_ token: String) throws {
        let verifier = try TestTokens.verifier()
        let signature = try SignedToken(Array(token.utf8)).signature
        for position in signature.indices {
            for bit in 0..<8 {
                var flipped = signature
                flipped[position] ^= 1 << bit
                #expect(verifier.refusal(of: token.signed(flipped)) == .invalidSignature, "bit \(bit) of \(position)")
            }
        }
    }

    @Test(arguments: tokens)
    func `a change of the claims is detected`(_ token: String) throws {
        let verifier = try TestTokens.verifier()
        let payload = try SignedToken(Array(token.utf8)).payload
        for position in payload.indices {
            var changed = payload
            changed[position] ^= 1
            let parts = [token.parts[0], Base64.encodeURL(changed), token.parts[2]]
            #expect(verifier.refusal(of: parts.joined(separator: ".")) == .invalidSignature)
        }
    }

    // Cases: teams 136, 137
    @Test(arguments: tokens)
    func `a signature of the wrong length is rejected`(_ token: String) throws {
        let verifier = try TestTokens.verifier()
        let signature = try SignedToken(Array(token.utf8)).signature
        for other in [
            [], signature.dropLast(), Array(signature.dropFirst()), signature + [0], [0] + signature,
            signature + signature,
        ] {
            #expect(verifier.refusal(of: token.signed(other)) == .invalidSignature)
        }
    }

    @Test(arguments: tokens)
    func `a signature of all the same bytes is refused`(_ token: String) throws {
        let verifier = try TestTokens.verifier()
        let size = try SignedToken(Array(token.utf8)).signature.count
        for byte in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
            #expect(
                verifier.refusal(of: token.signed([UInt8](repeating: byte, count: size))) == .invalidSignature
            )
        }
    }

    @Test(arguments: [TestVectors.rs256WithPSS, TestVectors.rs256WithSHA512])
    func `RS256 accepts only PKCS 1 padding and SHA-256`(_ token: String) throws {
        #expect(try TestTokens.verifier().refusal(of: token) == .invalidSignature)
    }
}

extension SignatureTests {
    @Test func `an algorithm rejects the signatures of the others`() throws {
        let verifier = try TestTokens.verifier()
        for token in Self.tokens {
            for other in Self.tokens where other != token {
                let parts = [token.parts[0], token.parts[1], other.parts[2]]
                #expect(verifier.refusal(of: parts.joined(separator: ".")) == .invalidSignature)
            }
        }
    }

    // Cases: teams 133
    @Test(arguments: [TestVectors.rsaPEM, TestVectors.rsaPEM + "\n", TestVectors.rsaModulus])
    func `a public key is not accepted as a secret`(_ published: String) throws {
        let token = TestTokens.hs256(secret: Array(published.utf8))
        let named = TestTokens.hs256(header: #"{"alg":"HS256","kid":"rsa"}"#, secret: Array(published.utf8))
        let keys = try TestTokens.keySet(TestTokens.rsaKey)
        #expect(try TestTokens.verifier(secret: nil, keys: keys).refusal(of: token) == .unknownKey)
        #expect(try TestTokens.verifier(secret: nil, keys: keys).refusal(of: named) == .unknownKey)
        #expect(try TestTokens.verifier(keys: keys).refusal(of: token) == .invalidSignature)
        #expect(try TestTokens.verifier(keys: keys).refusal(of: named) == .unknownKey)
    }

    @Test func `the signature depends on the secret`() throws {
        let token = TestTokens.hs256(secret: Array("0123456789abcdef0123456789abcdeg".utf8))
        #expect(try TestTokens.verifier().refusal(of: token) == .invalidSignature)
    }
}
