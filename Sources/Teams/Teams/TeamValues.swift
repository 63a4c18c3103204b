public import Base
public import Postgres

/// A team's name: 2 to 100 visible characters, without angle brackets and without white space at its ends.
///
/// A stored name is not checked again, because the rule may change after the name was stored.
public struct TeamName: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    private static let text = TextRule(2...100, forbidding: ["<", ">"])

    public let rawValue: String

    public static var rule: String { text.description }
    public static var form: ValueForm { text.form }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let name = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = name
    }

    private init(stored text: String) {
        rawValue = text
    }

    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(stored: try String(postgres: cell))
    }
}

/// A team's name in URLs: lower-case letters, digits and inner hyphens.
///
/// A stored slug is not checked again.
public struct TeamSlug: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    public let rawValue: String

    public static var rule: String { "string, 1 to 63 of a-z, 0-9 and inner hyphens" }
    public static var form: ValueForm { .pattern("^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$") }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.check(try String(input: input))
    }

    public init?(rawValue: String) {
        guard let slug = try? Self.check(rawValue) else { return nil }
        self.rawValue = slug
    }

    private init(stored text: String) {
        rawValue = text
    }

    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.init(stored: try String(postgres: cell))
    }

    /// Makes the suffix of a slug whose first choice is taken: a hyphen and six random letters and digits, one of two
    /// thousand million.
    static func randomSuffix() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        // UUIDs of version 7 end with 62 random bits.
        var bits = UUID.v7().low & 0x3FFF_FFFF_FFFF_FFFF
        var suffix = [UInt8(ascii: "-")]
        for _ in 0..<6 {
            suffix.append(alphabet[Int(bits % 36)])
            bits /= 36
        }
        return String(decoding: suffix, as: UTF8.self)
    }

    private static func check(_ text: String) throws(Violations) -> String {
        let hyphen = UInt8(ascii: "-")
        guard !text.isEmpty else { throw Violations(.tooShort, "must have 1 to 63 characters") }
        guard text.utf8.count <= 63 else { throw Violations(.tooLong, "must have 1 to 63 characters") }
        guard text.utf8.allSatisfy({ isAlphanumeric($0) || $0 == hyphen }),
            text.utf8.first != hyphen, text.utf8.last != hyphen
        else { throw Violations(.invalidCharacters, "must consist of a-z, 0-9 and inner hyphens") }
        return text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}

/// Data that the members store with a team: a JSON object of at most 16 KiB.
///
/// The product does not read its contents, and stored settings are not checked again.
public struct TeamSettings: Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    static let tooLarge = Violations(.tooLarge, "must have at most 16 KiB")

    private let json: JSONText

    public static var rule: String { "object of at most 16 KiB" }
    public static var form: ValueForm { .map(.any) }

    public init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        json = try JSONText(input: input)
        // Postgres enforces the limit on its own text form, which can be longer. This check only spares it inputs that
        // are far too long.
        guard json.bytes.count <= 1 << 18 else { throw Self.tooLarge }
    }

    public init(postgres cell: PostgresCell) throws(PostgresError) {
        json = try JSONText(postgres: cell)
    }

    public static var postgresType: PostgresType { JSONText.postgresType }

    public func encode(to buffer: inout PostgresBuffer) {
        json.encode(to: &buffer)
    }

    public func encode(to json: inout JSONWriter) {
        self.json.encode(to: &json)
    }
}
