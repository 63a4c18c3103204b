import Base
import Testing

@testable import Cryptography

struct HashTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ])
    func `SHA-256 gives the examples of FIPS 180`(message: String, digest: String) {
        #expect(Hexadecimal.encode(SHA256.digest(Array(message.utf8))) == digest)
    }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
    ])
    func `SHA-1 gives the examples of FIPS 180`(message: String, digest: String) {
        #expect(Hexadecimal.encode(SHA1.digest(Array(message.utf8))) == digest)
    }

    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            "This is a test using a larger than block-size key and a larger than block-size data. "
                + "The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ])
    func `HMAC-SHA256 gives the examples of RFC 4231`(key: [UInt8], message: String, code: String) {
        #expect(Hexadecimal.encode(HMACSHA256.code(for: Array(message.utf8), key: key)) == code)
    }

    @Test func `HMAC-SHA256 gives the binary examples of RFC 4231`() {
        let third = HMACSHA256.code(
            for: [UInt8](repeating: 0xDD, count: 50),
            key: [UInt8](repeating: 0xAA, count: 20)
        )
        #expect(Hexadecimal.encode(third) == "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")

        let fourth = HMACSHA256.code(for: [UInt8](repeating: 0xCD, count: 50), key: Array(1...25))
        #expect(Hexadecimal.encode(fourth) == "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")
    }

    @Test(arguments: [63, 64, 65])
    func `keys around the block size give different codes`(size: Int) {
        let codes = (size - 1...size + 1).map { HMACSHA256.code(for: [], key: [UInt8](repeating: 1, count: $0)) }
        #expect(Set(codes).count == 3)
    }

    @Test(
        arguments: [
            ([], [], true), ([1, 2, 3], [1, 2, 3], true), ([1, 2, 3], [1, 2, 4], false),
            ([0, 2, 3], [1, 2, 3], false),
            ([1, 2], [1, 2, 0], false), ([], [0], false),
        ] as [([UInt8], [UInt8], Bool)]
    )
    func `byte arrays are equal if all bytes are equal`(left: [UInt8], right: [UInt8], equal: Bool) {
        #expect(constantTimeEqual(left, right) == equal)
    }
}
