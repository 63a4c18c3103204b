public import Base
public import Postgres

/// Names an API key: twelve digits and letters, part of the key, no secret.
public struct KeyID: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable,
    LosslessStringConvertible
{
    private static let length = 12

    public let rawValue: String

    /// Makes a new identifier.
    public static func make() -> KeyID {
        KeyID(trusted: String(decoding: Base62.random(length), as: UTF8.self))
    }

    public init?(rawValue: String) {
        guard rawValue.utf8.count == Self.length, rawValue.utf8.allSatisfy(Base62.isDigit) else { return nil }
        self.rawValue = rawValue
    }

    /// The identifier in a text; nil for any other.
    public init?(_ text: String) {
        self.init(rawValue: text)
    }

    private init(trusted text: String) {
        rawValue = text
    }

    public static var rule: String { "string, \(length) of 0-9, A-Z and a-z" }

    public init(input: JSONValue) throws(Violations) {
        guard let id = KeyID(try String(input: input)) else {
            throw Violations(.invalidFormat, "must have \(Self.length) digits and letters")
        }
        self = id
    }

    public var description: String { rawValue }
}
