import System

/// Base-62 text: the digits 0 to 9, A to Z, a to z.
///
/// A double click selects the whole text.
public enum Base62 {
    /// The number of digits that ``encode(_:)`` returns: the fewest that can represent every 32-bit number.
    public static let width = 6

    /// A number as six digits, most significant first.
    public static func encode(_ number: UInt32) -> [UInt8] {
        var rest = number
        var digits: [UInt8] = []
        for _ in 0..<width {
            digits.append(digit(UInt8(rest % 62)))
            rest /= 62
        }
        return digits.reversed()
    }

    /// Uniformly distributed random digits, 5.95 bits of entropy each.
    public static func random(_ count: Int) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(count)
        while digits.count < count {
            // 248 is the largest multiple of 62 in a byte. Higher bytes would favour the first digits, so they are
            // dropped.
            let fair = SecureRandom.bytes(count - digits.count + 4).lazy.filter { $0 < 248 }
            digits += fair.prefix(count - digits.count).map { digit($0 % 62) }
        }
        return digits
    }

    /// Whether a byte is a base-62 digit.
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

/// The checksum CRC-32 (ITU-T V.42, section 8.1.1.6.2), which zlib and Ethernet use too.
///
/// It detects accidental errors. It does not protect against deliberate changes.
public enum CRC32 {
    private static let polynomial: UInt32 = 0xEDB8_8320

    /// The checksum of a sequence of bytes.
    public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var register = UInt32.max
        for byte in bytes {
            register ^= UInt32(byte)
            // For a few dozen bytes, building a table would take longer than computing each bit.
            for _ in 0..<8 {
                let isOdd = register & 1 == 1
                register >>= 1
                if isOdd { register ^= polynomial }
            }
        }
        return ~register
    }
}

/// Bytes as hexadecimal digits (RFC 4648, section 8).
public enum Hexadecimal {
    /// Encodes each byte as two lower-case digits.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [digit($0 >> 4), digit($0 & 15)] }, as: UTF8.self)
    }

    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The value of a digit, in lower or upper case; nil for any other byte.
    public static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
