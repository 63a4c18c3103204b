/// Base64 encoding (RFC 4648) with strict decoding.
public enum Base64 {
    /// Encodes with the standard alphabet and padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        var text = encode(bytes, alphabet: standard)
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Encodes with the URL-safe alphabet, without padding.
    public static func encodeURL(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes, alphabet: urlSafe), as: UTF8.self)
    }

    /// Decodes the standard alphabet with padding.
    ///
    /// Returns nil for white space, other alphabets, missing padding and nonzero unused bits.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.reversedPrefix(of: UInt8(ascii: "="))
        guard padding <= 2 else { return nil }
        return decode(ArraySlice(text.dropLast(padding)), alphabet: .standard)
    }

    /// Decodes the URL-safe alphabet without padding.
    ///
    /// Returns nil for any text that an encoder would not produce.
    public static func decodeURL(_ text: some Collection<UInt8>) -> [UInt8]? {
        decode(ArraySlice(text), alphabet: .urlSafe)
    }

    /// The same for a slice, which the parts of a token are.
    ///
    /// Generic code is slow across modules.
    public static func decodeURL(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        decode(text, alphabet: .urlSafe)
    }
}

extension Base64 {
    private enum Alphabet { case standard, urlSafe }

    private static var standard: StaticString { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" }
    private static var urlSafe: StaticString { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" }

    private static func encode(_ bytes: [UInt8], alphabet: StaticString) -> [UInt8] {
        let digits = Array(alphabet.description.utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 4 / 3 + 4)
        var bits: UInt32 = 0
        var available = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            available += 8
            while available >= 6 {
                available -= 6
                text.append(digits[Int(bits >> available & 63)])
            }
        }
        if available > 0 { text.append(digits[Int(bits << (6 - available) & 63)]) }
        return text
    }

    private static func decode(_ text: ArraySlice<UInt8>, alphabet: Alphabet) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var available = 0
        for digit in text {
            guard let value = value(of: digit, in: alphabet) else { return nil }
            bits = bits << 6 | value
            available += 6
            if available >= 8 {
                available -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> available))
            }
        }
        return bits & (1 << available - 1) == 0 ? bytes : nil
    }

    private static func value(of digit: UInt8, in alphabet: Alphabet) -> UInt32? {
        switch (digit, alphabet) {
        case (UInt8(ascii: "A")...UInt8(ascii: "Z"), _): UInt32(digit - UInt8(ascii: "A"))
        case (UInt8(ascii: "a")...UInt8(ascii: "z"), _): UInt32(digit - UInt8(ascii: "a")) + 26
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), _): UInt32(digit - UInt8(ascii: "0")) + 52
        case (UInt8(ascii: "+"), .standard), (UInt8(ascii: "-"), .urlSafe): 62
        case (UInt8(ascii: "/"), .standard), (UInt8(ascii: "_"), .urlSafe): 63
        default: nil
        }
    }
}

extension Collection<UInt8> {
    fileprivate func reversedPrefix(of byte: UInt8) -> Int {
        var count = 0
        for candidate in self { count = candidate == byte ? count + 1 : 0 }
        return count
    }
}
