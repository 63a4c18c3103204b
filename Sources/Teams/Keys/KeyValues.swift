public import Base
public import Postgres

/// What its user calls an API key: 1 to 100 characters that people can see.
public struct KeyName: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    private static let text = TextRule(1...100)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let name = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = name
    }
}
