public import Base
public import Core

/// What an API key is good for: at least one permission, none of them twice.
public struct KeyScopes: InputValue {
    private static let list = ListRule(1...Permission.allCases.count)

    /// The permissions, in their usual order.
    public let permissions: [Permission]

    public static var rule: String { "\([Permission].rule), \(list), each once" }

    public init(input: JSONValue) throws(Violations) {
        permissions = try Permission.distinct(input, in: Self.list)
    }
}
