import System

/// Digits and letters only, so that a double click selects all of a text: 0 to 9, A to Z, a to z.
public enum Base62 {
    /// How many digits ``encode(_:)`` gives: the fewest that hold every number of 32 bits.
    public static let width = 6

    /// A number as six digits, the most significant first.
    public static func encode(_ number: UInt32) -> [UInt8] {
        var rest = number
        var digits: [UInt8] = []
        for _ in 0..<width {
            digits.append(digit(UInt8(rest % 62)))
            rest /= 62
        }
        return digits.reversed()
    }

    /// Random digits, each as probable as any other: 5.95 bits apiece.
    public static func random(_ count: Int) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(count)
        while digits.count < count {
            // 248 is the last multiple of 62: what is above it would favour the first digits.
            let fair = SecureRandom.bytes(count - digits.count + 4).lazy.filter { $0 < 248 }
            digits += fair.prefix(count - digits.count).map { digit($0 % 62) }
        }
        return digits
    }

    /// Whether a byte is one of the digits.
    public static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default:
            false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<10: UInt8(ascii: "0") + value
        case 10..<36: UInt8(ascii: "A") + value - 10
        default: UInt8(ascii: "a") + value - 36
        }
    }
}
