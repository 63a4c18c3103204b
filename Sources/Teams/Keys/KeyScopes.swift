public import Base
public import Core

/// What an API key is good for: at least one scope, none of them twice.
public struct KeyScopes: InputValue {
    private static let list = ListRule(1...Scope.allCases.count)

    /// The scopes, in their usual order.
    public let scopes: [Scope]

    public static var rule: String { "\([Scope].rule), \(list), each once" }

    public init(input: JSONValue) throws(Violations) {
        scopes = try Scope.distinct(input, in: Self.list)
    }
}
