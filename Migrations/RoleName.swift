public import Base

/// The name of a database role.
public struct RoleName: InputValue {
    private static let text = TextRule(1...63)

    let rawValue: String

    public static var rule: String { text.description }

    public init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
