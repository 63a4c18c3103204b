import Base

/// A text without its escapes and white space, and where each of its bytes comes from.
///
/// The escapes are those that a text gets on its way through URLs, JSON, HTML and the source of programs. They are
/// decoded together, because nothing says which of them a server used. White space is removed, because a text may be
/// broken into lines anywhere, and with it the plus signs that stand for spaces in forms. So the result is good for a
/// search only.
struct DecodedText {
    private(set) var bytes: [UInt8]

    /// The ranges of the source that the bytes come from; empty where each comes from its own place.
    private var sources: [Range<Int>]

    /// A text as it is.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        sources = []
    }

    /// The part of the source that a part of the text comes from.
    func source(of range: Range<Int>) -> Range<Int> {
        sources.isEmpty ? range : sources[range.lowerBound].lowerBound..<sources[range.upperBound - 1].upperBound
    }

    /// The text with one layer of escapes and all white space removed.
    ///
    /// - Parameter isForced: Whether white space is removed although there is neither an escape nor a line break.
    /// - Returns: The text; nil where there is nothing to remove.
    func decoded(isForced: Bool = false) -> DecodedText? {
        guard isForced || bytes.contains(where: Self.isSpecial) else { return nil }
        var result = DecodedText([])
        result.bytes.reserveCapacity(bytes.count)
        result.sources.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if Self.isSpecial(bytes[index]), let escape = Escape(bytes[index...]) {
                let source = source(of: index..<index + escape.length)
                for byte in escape.bytes where !Self.isBlank(byte) { result.append(byte, from: source) }
                index += escape.length
            } else {
                if !Self.isBlank(bytes[index]) { result.append(bytes[index], from: source(of: index..<index + 1)) }
                index += 1
            }
        }
        return result.bytes.count == bytes.count ? nil : result
    }

    private mutating func append(_ byte: UInt8, from source: Range<Int>) {
        bytes.append(byte)
        sources.append(source)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "+"), 0x09...0x0D: true
        default: false
        }
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "\\"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
        default: false
        }
    }
}

/// An escape at the beginning of a text.
private struct Escape {
    /// What it stands for.
    let bytes: [UInt8]

    /// How many bytes it has itself.
    let length: Int

    /// Reads `%41`, `&amp;`, `&#65;`, `&#x41;`, `\n`, `\"`, `\x41` and `\u0041`; nil for anything else.
    init?(_ text: ArraySlice<UInt8>) {
        let rest = text.dropFirst()
        switch text.first {
        case UInt8(ascii: "%"): self.init(digits: rest, count: 2, behind: 1)
        case UInt8(ascii: "&"): self.init(entity: rest)
        case UInt8(ascii: "\\"): self.init(backslashed: rest)
        default: return nil
        }
    }

    private init(_ bytes: [UInt8], length: Int) {
        self.bytes = bytes
        self.length = length
    }

    /// A byte as hexadecimal digits.
    private init?(digits: ArraySlice<UInt8>, count: Int, behind length: Int) {
        guard let value = Self.number(digits.prefix(count), count: count) else { return nil }
        self.init([UInt8(truncatingIfNeeded: value)], length: length + count)
    }

    private init?(backslashed rest: ArraySlice<UInt8>) {
        guard let byte = rest.first else { return nil }
        switch byte {
        case UInt8(ascii: "n"): self.init([0x0A], length: 2)
        case UInt8(ascii: "r"): self.init([0x0D], length: 2)
        case UInt8(ascii: "t"): self.init([0x09], length: 2)
        case UInt8(ascii: "b"): self.init([0x08], length: 2)
        case UInt8(ascii: "f"): self.init([0x0C], length: 2)
        case UInt8(ascii: "x"): self.init(digits: rest.dropFirst(), count: 2, behind: 2)
        case UInt8(ascii: "u"): self.init(utf16: rest.dropFirst())
        case 0x0A, 0x0D, 0x20...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: self.init([byte], length: 2)
        default: return nil
        }
    }

    /// One or two units of UTF-16 as four hexadecimal digits each.
    private init?(utf16 rest: ArraySlice<UInt8>) {
        guard let unit = Self.number(rest.prefix(4), count: 4) else { return nil }
        if let scalar = Unicode.Scalar(unit) {
            self.init(Array(String(scalar).utf8), length: 6)
            return
        }
        let second = rest.dropFirst(4)
        guard second.starts(with: "\\u".utf8), let low = Self.number(second.dropFirst(2).prefix(4), count: 4),
            (0xD800..<0xDC00).contains(unit), (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x1_0000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { return nil }
        self.init(Array(String(scalar).utf8), length: 12)
    }

    /// An entity of HTML behind its ampersand.
    private init?(entity rest: ArraySlice<UInt8>) {
        let word = rest.prefix(10).prefix { $0 != UInt8(ascii: ";") }
        guard rest.dropFirst(word.count).first == UInt8(ascii: ";") else { return nil }
        let name = String(decoding: word, as: UTF8.self).lowercasedASCII
        let length = word.count + 2
        if name.hasPrefix("#x") {
            guard let value = UInt32(name.dropFirst(2), radix: 16), let scalar = Unicode.Scalar(value) else {
                return nil
            }
            self.init(Array(String(scalar).utf8), length: length)
        } else if name.hasPrefix("#") {
            guard let value = UInt32(name.dropFirst()), let scalar = Unicode.Scalar(value) else { return nil }
            self.init(Array(String(scalar).utf8), length: length)
        } else {
            guard let text = Self.entities[name] else { return nil }
            self.init(Array(text.utf8), length: length)
        }
    }

    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "sol": "/", "bsol": "\\", "num": "#", "plus": "+",
        "equals": "=", "percnt": "%", "colon": ":", "commat": "@", "nbsp": "\u{A0}",
    ]

    private static func number(_ digits: ArraySlice<UInt8>, count: Int) -> UInt32? {
        guard digits.count == count else { return nil }
        var value: UInt32 = 0
        for byte in digits {
            guard let digit = Hexadecimal.value(of: byte) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
