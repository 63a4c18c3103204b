/// The UTF-8 bytes of a valid string after its escape sequences are resolved.
///
/// It allows keys to be compared and hashed without a copy.
struct JSONEscape: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var index: Int
    private let end: Int
    private var pending: UInt32 = 0

    /// Creates the sequence for the string of a node.
    init(_ node: JSONNode, in bytes: [UInt8]) {
        self.bytes = bytes
        index = node.start
        end = node.end
    }

    mutating func next() -> UInt8? {
        if pending != 0 {
            let byte = UInt8(truncatingIfNeeded: pending)
            pending >>= 8
            return byte
        }
        guard index < end else { return nil }
        let byte = bytes[index]
        guard byte == UInt8(ascii: "\\") else {
            index &+= 1
            return byte
        }
        return unescape()
    }

    private mutating func unescape() -> UInt8? {
        let letter = bytes[index &+ 1]
        guard letter == UInt8(ascii: "u") else {
            index &+= 2
            return Self.character(of: letter)
        }
        var scalar = Self.codeUnit(in: bytes, at: index) ?? 0
        index &+= 6
        if scalar & 0xFC00 == 0xD800, let low = Self.codeUnit(in: bytes, at: index) {
            scalar = 0x10000 &+ (scalar & 0x3FF) << 10 &+ low & 0x3FF
            index &+= 6
        }
        return encode(scalar)
    }

    /// Returns the first byte of a character and queues the other bytes, lowest first.
    ///
    /// The queued bytes are never zero.
    private mutating func encode(_ scalar: UInt32) -> UInt8 {
        let last = scalar & 0x3F | 0x80
        let third = scalar >> 6 & 0x3F | 0x80
        let second = scalar >> 12 & 0x3F | 0x80
        switch scalar {
        case ..<0x80:
            return UInt8(truncatingIfNeeded: scalar)
        case ..<0x800:
            pending = last
            return UInt8(truncatingIfNeeded: scalar >> 6 | 0xC0)
        case ..<0x10000:
            pending = last << 8 | third
            return UInt8(truncatingIfNeeded: scalar >> 12 | 0xE0)
        default:
            pending = last << 16 | third << 8 | second
            return UInt8(truncatingIfNeeded: scalar >> 18 | 0xF0)
        }
    }

    private static func character(of letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// The UTF-16 code unit of the `\uXXXX` at an offset, or nil if there is none.
    static func codeUnit(in bytes: [UInt8], at start: Int) -> UInt32? {
        guard start &+ 6 <= bytes.count, bytes[start] == UInt8(ascii: "\\"), bytes[start &+ 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt32 = 0
        for index in start &+ 2..<start &+ 6 {
            guard let digit = Hexadecimal.value(of: bytes[index]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
