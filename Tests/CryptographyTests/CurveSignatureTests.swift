import Base
import Testing

@testable import Cryptography

/// Sizes and forms of signatures that depend on the curve.
struct CurveSignatureTests {
    // Cases: teams 137
    @Test func `ES256 rejects a signature in DER`() throws {
        let signature = try SignedToken(Array(TestVectors.es256.utf8)).signature
        let der = try #require(ECDSASignature(signature)).der
        #expect(try TestTokens.verifier().refusal(of: TestVectors.es256.signed(der)) == .invalidSignature)
    }

    // Cases: teams 137
    @Test func `ES256 rejects numbers that are zero or not below the order`() throws {
        let verifier = try TestTokens.verifier()
        let signature = try SignedToken(Array(TestVectors.es256.utf8)).signature
        let (r, s) = (Array(signature[..<32]), Array(signature[32...]))
        let (zero, order) = (Self.zero, Self.p256Order)
        for other in [zero + zero, zero + s, r + zero, order + order, order + s, r + order] {
            #expect(verifier.refusal(of: TestVectors.es256.signed(other)) == .invalidSignature)
        }
    }

    @Test func `a number of ES256 is at least one and below the order`() {
        let order = Self.p256Order
        #expect(!P256.isScalar(Self.zero))
        #expect(P256.isScalar(Self.zero.dropLast() + [1]))
        #expect(P256.isScalar(order.dropLast() + [0x50]))
        #expect(!P256.isScalar(order))
        #expect(!P256.isScalar(order.dropLast() + [0x52]))
        #expect(!P256.isScalar([UInt8](repeating: 0xFF, count: 32)))
    }

    @Test(
        arguments: [
            ([0x01], [0x02, 1, 0x01]), ([0x7F], [0x02, 1, 0x7F]), ([0x80], [0x02, 2, 0, 0x80]),
            ([0xFF], [0x02, 2, 0, 0xFF]),
            ([0x80, 0], [0x02, 3, 0, 0x80, 0]), ([0x01, 0], [0x02, 2, 0x01, 0]),
        ] as [([UInt8], [UInt8])]
    )
    func `numbers are written in DER in the shortest form and as positive`(number: [UInt8], expected: [UInt8]) throws {
        let bytes = [UInt8](repeating: 0, count: 32 - number.count) + number
        let signature = try #require(ECDSASignature(bytes + bytes))
        #expect(signature.der == [0x30, UInt8(expected.count * 2)] + expected + expected)
    }

    // Cases: teams 137
    @Test func `EdDSA rejects the malleable form of a signature`() throws {
        let signature = try SignedToken(Array(TestVectors.edDSA.utf8)).signature
        // s + L satisfies the same equation as s.
        let order = Self.ed25519Order
        var second = Array(signature[..<32])
        var carry = 0
        for (digit, addend) in zip(signature[32...], order) {
            let sum = Int(digit) + Int(addend) + carry
            second.append(UInt8(sum & 0xFF))
            carry = sum >> 8
        }
        let verifier = try TestTokens.verifier()
        #expect(carry == 0)
        #expect(verifier.refusal(of: TestVectors.edDSA.signed(second)) == .invalidSignature)
        #expect(verifier.refusal(of: TestVectors.edDSA.signed(signature[..<32] + order)) == .invalidSignature)
    }

    @Test func `a number of EdDSA is below the order`() {
        let order = Self.ed25519Order
        #expect(Ed25519PublicKey.isScalar(Self.zero))
        #expect(Ed25519PublicKey.isScalar([0xEC] + order.dropFirst()))
        #expect(!Ed25519PublicKey.isScalar(order))
        #expect(!Ed25519PublicKey.isScalar([0xEE] + order.dropFirst()))
        #expect(!Ed25519PublicKey.isScalar([UInt8](repeating: 0xFF, count: 32)))
    }
}

extension CurveSignatureTests {
    private static let zero = [UInt8](repeating: 0, count: 32)

    /// NIST SP 800-186, section 3.2.1.3, big-endian.
    private static let p256Order: [UInt8] =
        [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        + [0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51]

    /// RFC 8032, section 5.1, little-endian.
    private static let ed25519Order: [UInt8] =
        [0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14]
        + [UInt8](repeating: 0, count: 15) + [0x10]
}
