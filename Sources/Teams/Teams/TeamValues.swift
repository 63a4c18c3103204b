public import Base
public import Postgres

/// A team's name: 2 to 100 characters that people can see, without angle brackets and white space at its ends.
public struct TeamName: RawRepresentable, Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    private static let text = TextRule(2...100, forbidding: ["<", ">"])

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
