/// A validated string of a JSON text (RFC 8259, section 7): its end, and whether it contains escape sequences.
struct JSONString {
    /// The offset of the closing quotation mark.
    let end: Int

    let hasEscapes: Bool

    /// Validates a string up to its closing quotation mark.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - start: The offset after the opening quotation mark.
    /// - Throws: The first error in the string.
    init(validating bytes: [UInt8], from start: Int) throws(JSONSyntaxError) {
        var index = start
        var hasEscapes = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                end = index
                self.hasEscapes = hasEscapes
                return
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index = try Self.escapeEnd(in: bytes, from: index)
            } else if byte >= 0x80 {
                index = try Self.scalarEnd(in: bytes, from: index)
            } else if byte >= 0x20 {
                index &+= 1
            } else {
                throw JSONSyntaxError(byte == 0 ? .nulCharacter : .controlCharacter, at: index)
            }
        }
        throw JSONSyntaxError(.unexpectedEnd, at: index)
    }

    /// Validates a character of several bytes against the table of well-formed sequences (Unicode 15, table 3-7).
    private static func scalarEnd(in bytes: [UInt8], from start: Int) throws(JSONSyntaxError) -> Int {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[start] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw JSONSyntaxError(.notUTF8, at: start)
        }
        guard start &+ length <= bytes.count, second.contains(bytes[start &+ 1]) else {
            throw JSONSyntaxError(.notUTF8, at: start)
        }
        for index in start &+ 2..<max(start &+ length, start &+ 2) where bytes[index] & 0xC0 != 0x80 {
            throw JSONSyntaxError(.notUTF8, at: start)
        }
        return start &+ length
    }

    /// Validates an escape sequence, or both sequences of a surrogate pair.
    private static func escapeEnd(in bytes: [UInt8], from start: Int) throws(JSONSyntaxError) -> Int {
        guard start &+ 1 < bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: start &+ 1) }
        switch bytes[start &+ 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start &+ 2
        case UInt8(ascii: "u"):
            break
        default:
            throw JSONSyntaxError(.invalidEscape, at: start)
        }
        guard let unit = JSONEscape.codeUnit(in: bytes, at: start) else {
            throw JSONSyntaxError(.invalidEscape, at: start)
        }
        guard unit != 0 else { throw JSONSyntaxError(.nulCharacter, at: start) }
        guard unit & 0xF800 == 0xD800 else { return start &+ 6 }
        guard unit & 0xFC00 == 0xD800, let low = JSONEscape.codeUnit(in: bytes, at: start &+ 6), low & 0xFC00 == 0xDC00
        else { throw JSONSyntaxError(.loneSurrogate, at: start) }
        return start &+ 12
    }
}
