public import Base
public import Postgres

/// What an inviter adds to an invite: 1 to 1000 characters that people can see, in lines.
public struct InviteMessage: RawRepresentable, Hashable, InputValue, PostgresEncodable {
    private static let text = TextRule(1...1_000, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let message = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = message
    }
}
