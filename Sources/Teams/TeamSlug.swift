public import Base
public import Postgres

/// A team's name in addresses: lower-case letters, digits and inner hyphens.
public struct TeamSlug: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    public let rawValue: String

    public static var rule: String { "string, 1 to 63 of a-z, 0-9 and inner hyphens" }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.check(try String(input: input))
    }

    public init?(rawValue: String) {
        guard let slug = try? Self.check(rawValue) else { return nil }
        self.rawValue = slug
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
