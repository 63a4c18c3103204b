public import Base
public import Postgres

/// Why a gate was decided so: 1 to 500 characters that people can see, in lines.
public struct GateReason: RawRepresentable, Hashable, InputValue, PostgresEncodable {
    private static let text = TextRule(1...500, allowsLines: true)

    public let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }

    public init?(rawValue: String) {
        guard let reason = try? Self.text.check(rawValue) else { return nil }
        self.rawValue = reason
    }
}
