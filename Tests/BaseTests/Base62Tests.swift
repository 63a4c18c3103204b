import Base
import Testing

struct Base62Tests {
    static let known: [(UInt32, String)] = [
        (0, "000000"), (9, "000009"), (10, "00000A"), (35, "00000Z"), (36, "00000a"), (61, "00000z"), (62, "000010"),
        (3843, "0000zz"), (0xCBF4_3926, "3jZRME"), (.max, "4gfFC3"),
    ]

    @Test(arguments: known)
    func `a 32-bit number is encoded in six digits`(number: UInt32, digits: String) {
        #expect(String(decoding: Base62.encode(number), as: UTF8.self) == digits)
    }

    @Test func `the digits are ASCII letters and digits only`() {
        let digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        #expect((UInt8.min ... .max).filter(Base62.isDigit) == digits.utf8.sorted())
    }

    @Test(arguments: [0, 1, 12, 43, 1_000])
    func `a random text has the requested number of digits`(count: Int) {
        let digits = Base62.random(count)
        #expect(digits.count == count)
        #expect(digits.allSatisfy(Base62.isDigit))
    }

    @Test func `all random digits are equally probable`() {
        let counts = Base62.random(620_000).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        #expect(counts.count == 62)
        // Chi squared with 61 degrees of freedom exceeds 170 once in 10^11 runs. Bytes modulo 62 would give about
        // 4,000.
        let deviation = counts.values.map { ($0 - 10_000) * ($0 - 10_000) }.reduce(0, +)
        #expect(deviation < 1_700_000)
    }

    @Test func `random texts differ`() {
        #expect(Set((0..<10_000).map { _ in Base62.random(12) }).count == 10_000)
    }
}
