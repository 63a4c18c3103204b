/// Replaces what the strict parser rejects in the answers of other servers.
///
/// It changes only what real servers send: byte order marks, `NaN` and `Infinity`, invalid UTF-8, control characters,
/// lone surrogates and U+0000 in strings. Everything else stays as it is, so that a broken text stays an error.
struct JSONRepair {
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    private let bytes: [UInt8]
    private var index = 0
    private var repaired: [UInt8] = []

    /// The text with every such part replaced: by U+FFFD in a string, by `null` in place of a number.
    static func repair(_ bytes: [UInt8]) -> [UInt8] {
        var repair = JSONRepair(bytes: bytes)
        repair.run()
        return repair.repaired
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        repaired.reserveCapacity(bytes.count + 16)
    }

    private mutating func run() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""): string()
            case UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "-"): number()
            default: keep(1)
            }
        }
    }

    private mutating func keep(_ count: Int) {
        let end = min(index + count, bytes.count)
        repaired += bytes[index..<end]
        index = end
    }

    private mutating func replace(_ count: Int, by text: [UInt8]) {
        repaired += text
        index = min(index + count, bytes.count)
    }

    /// A number that JSON cannot express.
    private mutating func number() {
        for word in ["NaN", "-NaN", "Infinity", "-Infinity"] where bytes[index...].starts(with: word.utf8) {
            return replace(word.utf8.count, by: Array("null".utf8))
        }
        keep(1)
    }

    private mutating func string() {
        keep(1)
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""): return keep(1)
            case UInt8(ascii: "\\"): escape()
            case 0: replace(1, by: Self.replacement)
            case ..<0x20: replace(1, by: Array("\\u00\(Self.hexadecimal(bytes[index]))".utf8))
            case ..<0x80: keep(1)
            default: scalar()
            }
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
    }

    private mutating func escape() {
        guard index + 1 < bytes.count else { return keep(1) }
        guard bytes[index + 1] == UInt8(ascii: "u") else {
            if "\"\\/bfnrt".utf8.contains(bytes[index + 1]) { return keep(2) }
            // The backslash stands for itself.
            return replace(1, by: Array("\\\\".utf8))
        }
        guard let unit = JSONEscape.codeUnit(in: bytes, at: index) else {
            return replace(1, by: Array("\\\\".utf8))
        }
        let isPair = JSONEscape.codeUnit(in: bytes, at: index + 6).map { $0 & 0xFC00 == 0xDC00 } ?? false
        if unit & 0xFC00 == 0xD800, isPair { return keep(12) }
        if unit == 0 || unit & 0xF800 == 0xD800 { return replace(6, by: Self.replacement) }
        keep(6)
    }

    private mutating func scalar() {
        var decoder = UTF8()
        var rest = bytes[index..<min(index + 4, bytes.count)].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&rest) else { return replace(1, by: Self.replacement) }
        keep(UTF8.width(scalar))
    }
}
