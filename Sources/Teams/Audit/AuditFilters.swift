import Base

/// The name of something that was done, to look for in an audit trail.
struct ActionName: InputValue {
    private static let text = TextRule(1...100)

    let rawValue: String

    static var rule: String { text.description }

    init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}
