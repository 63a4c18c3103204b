import Base
import TestSupport
import Testing

struct CRC32Tests {
    static let known: [(String, UInt32)] = [
        ("", 0), ("123456789", 0xCBF4_3926), ("a", 0xE8B7_BE43),
        ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
    ]

    @Test(arguments: known)
    func `known texts have their known checksums`(text: String, checksum: UInt32) {
        #expect(CRC32.checksum(text.utf8) == checksum)
    }

    @Test func `the checksums of zeros and of ones are known`() {
        #expect(CRC32.checksum([UInt8](repeating: 0, count: 32)) == 0x190A_55AD)
        #expect(CRC32.checksum([UInt8](repeating: 0xFF, count: 32)) == 0xFF6C_AB0B)
    }

    @Test func `zlib computes the same checksum for random bytes`() throws {
        var generator = SeededGenerator(seed: 3)
        let texts = (0..<200).map { length in
            (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        }
        let program = """
            import sys, zlib
            for line in sys.stdin: print(zlib.crc32(bytes.fromhex(line.strip())))
            """
        let outcome = try Subprocess("python3", ["-c", program], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
            .finish(Array(texts.map { Hexadecimal.encode($0) + "\n" }.joined().utf8))

        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.split(separator: "\n").map { UInt32($0) } == texts.map { CRC32.checksum($0) })
    }
}
