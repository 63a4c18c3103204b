/// Writes one JSON value (RFC 8259) as bytes.
public struct JSONWriter: Sendable {
    /// The bytes written so far.
    public private(set) var bytes: [UInt8] = []

    /// Whether a ``OneTimeSecret`` is written as null.
    public let hidesSecrets: Bool

    private var needsComma = false

    /// Creates an empty writer.
    ///
    /// - Parameters:
    ///   - capacity: The number of bytes to reserve.
    ///   - hidesSecrets: Whether a ``OneTimeSecret`` is written as null.
    public init(reserving capacity: Int = 256, hidesSecrets: Bool = false) {
        self.hidesSecrets = hidesSecrets
        bytes.reserveCapacity(capacity)
    }

    /// Writes `null`.
    public mutating func null() {
        raw("null".utf8)
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        raw(value ? "true".utf8 : "false".utf8)
    }

    /// Writes a whole number.
    public mutating func integer(_ value: some FixedWidthInteger) {
        raw(String(value).utf8)
    }

    /// Writes a string.
    ///
    /// It escapes the characters that RFC 8259, section 7, requires, and U+2028 and U+2029, which some log readers
    /// treat as the end of a line.
    public mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { utf8 in
            var index = 0
            while index < utf8.count {
                let byte = unsafe utf8[index]
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F {
                    escape(byte)
                } else if byte == 0xE2, index + 2 < utf8.count, unsafe utf8[index + 1] == 0x80,
                    unsafe utf8[index + 2] & 0xFE == 0xA8
                {
                    bytes.append(contentsOf: unsafe utf8[index + 2] == 0xA8 ? "\\u2028".utf8 : "\\u2029".utf8)
                    index += 2
                } else {
                    bytes.append(byte)
                }
                index += 1
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes bytes that are already one JSON value.
    public mutating func raw(_ value: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: value)
        needsComma = true
    }

    /// Writes an object, whose members `body` writes.
    public mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try enclose("{", "}", body)
    }

    /// Writes an array, whose elements `body` writes.
    public mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try enclose("[", "]", body)
    }

    /// Writes a member of the open object.
    public mutating func member(_ name: String, _ value: some JSONEncodable) {
        key(name)
        value.encode(to: &self)
        needsComma = true
    }

    /// Writes a member of the open object, whose value `body` writes.
    public mutating func member(_ name: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try body(&self)
        needsComma = true
    }

    /// Writes an element of the open array.
    public mutating func element(_ value: some JSONEncodable) {
        value.encode(to: &self)
    }
}

extension JSONWriter {
    private mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    private mutating func enclose(
        _ opening: Unicode.Scalar,
        _ closing: Unicode.Scalar,
        _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        separate()
        bytes.append(UInt8(ascii: opening))
        try body(&self)
        bytes.append(UInt8(ascii: closing))
        needsComma = true
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Hexadecimal.digit(byte >> 4))
            bytes.append(Hexadecimal.digit(byte & 15))
        }
    }
}
