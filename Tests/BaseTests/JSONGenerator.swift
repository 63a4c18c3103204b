import Base

/// A generated value.
indirect enum GeneratedJSON: Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case string([Unicode.Scalar])
    case array([GeneratedJSON])
    case object([Member])

    struct Member: Equatable {
        let key: [Unicode.Scalar]
        let value: GeneratedJSON
    }

    init(_ value: JSONValue) {
        switch value.kind {
        case .null: self = .null
        case .bool: self = .bool(value.bool == true)
        case .number: self = .integer(value.integer ?? .min)
        case .string: self = .string(Array((value.string ?? "?").unicodeScalars))
        case .array: self = .array(value.elements.map(GeneratedJSON.init))
        case .object:
            let members = value.members.map { key, value in
                Member(key: Array(key.unicodeScalars), value: GeneratedJSON(value))
            }
            self = .object(members)
        }
    }
}

/// Generates the same values, texts and mutations from the same seed.
struct JSONGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func number(below limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(limit))
    }
}

// MARK: - Values

extension JSONGenerator {
    mutating func value(depth: Int) -> GeneratedJSON {
        switch number(below: depth > 0 ? 8 : 5) {
        case 0: return .null
        case 1: return .bool(number(below: 2) == 0)
        case 2: return .integer((number(below: 2) == 0 ? 1 : -1) * number(below: 1 << (1 + number(below: 61))))
        case 3, 4: return .string(scalars())
        case 5, 6: return .array((0..<number(below: 5)).map { _ in value(depth: depth - 1) })
        default:
            var keys: Set<[Unicode.Scalar]> = []
            let members = (0..<number(below: number(below: 4) == 0 ? 25 : 5)).compactMap { _ in
                let member = GeneratedJSON.Member(key: scalars(), value: value(depth: depth - 2))
                return keys.insert(member.key).inserted ? member : nil
            }
            return .object(members)
        }
    }

    private mutating func scalars() -> [Unicode.Scalar] {
        (0..<number(below: 9)).compactMap { _ in
            let limit = [0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000][number(below: 6)]
            return Unicode.Scalar(UInt32(1 + number(below: limit - 1)))
        }
    }
}

// MARK: - Texts

extension JSONGenerator {
    /// One of the many encodings of a value.
    mutating func text(of value: GeneratedJSON) -> [UInt8] {
        Array((space() + body(of: value) + space()).utf8)
    }

    private mutating func body(of value: GeneratedJSON) -> String {
        switch value {
        case .null: return "null"
        case .bool(let bool): return "\(bool)"
        case .integer(let integer): return "\(integer)"
        case .string(let scalars): return text(of: scalars)
        case .array(let elements):
            return "[\(space())\(elements.map { space() + body(of: $0) + space() }.joined(separator: ","))]"
        case .object(let members):
            let texts = members.map { member in
                [space(), text(of: member.key), space(), ":", space(), body(of: member.value), space()].joined()
            }
            return "{\(space())\(texts.joined(separator: ","))}"
        }
    }

    private mutating func text(of scalars: [Unicode.Scalar]) -> String {
        "\"\(scalars.map { text(of: $0) }.joined())\""
    }

    private mutating func text(of scalar: Unicode.Scalar) -> String {
        let short: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\u{8}": "\\b", "\u{C}": "\\f", "\n": "\\n", "\r": "\\r",
            "\t": "\\t",
        ]
        let choice = number(below: 4)
        if choice < 2, let escape = short[scalar] { return escape }
        guard choice == 0 || scalar.value < 0x20 || scalar == "\"" || scalar == "\\" else { return "\(scalar)" }
        return UTF16.encode(scalar).map { units in
            units.map { unit in
                let digits = String(unit, radix: 16, uppercase: choice == 1)
                return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
            .joined()
        } ?? ""
    }

    private mutating func space() -> String {
        ["", "", "", "", " ", "\n", "\t", "\r\n  "][number(below: 8)]
    }
}

// MARK: - Mutations

extension JSONGenerator {
    /// A text after up to three small mutations.
    mutating func mutated(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<number(below: 4) { damage(&text) }
        return text
    }

    private mutating func damage(_ text: inout [UInt8]) {
        let place = number(below: text.count + 1)
        let end = min(text.count, place + 1 + number(below: 4))
        switch number(below: 6) {
        case 0: text.insert(UInt8(number(below: 256)), at: place)
        case 1: text.insert(contentsOf: fragment(), at: place)
        case 2: text.removeSubrange(place..<end)
        case 3: text.insert(contentsOf: Array(text[place..<end]), at: place)
        case 4: text.replaceSubrange(place..<end, with: [UInt8(number(below: 256))])
        default: text.replaceSubrange(place..<end, with: fragment())
        }
    }

    private mutating func fragment() -> [UInt8] {
        let fragments = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\u0000", "\\u0041", "0", "-", ".5",
            "e9", "E+999", "1e-999", "9223372036854775808", "true", "null", "NaN", "Infinity", " ", "\n", "\u{C}",
            "\u{A0}", "\u{FEFF}", "é", "\u{2028}", "/*", "//", "'", #"{"a":1,"a":2}"#, #""a":0,"#, "[[[[[[[[[[[[[[[[[[",
        ]
        return Array(fragments[number(below: fragments.count)].utf8)
    }
}
