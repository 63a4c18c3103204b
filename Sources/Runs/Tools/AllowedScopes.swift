public import Base

/// The scopes whose secrets a team's steps may have, each once.
public struct AllowedScopes: InputValue, Hashable {
    private static let list = ListRule(0...100)

    /// The scopes, in alphabetical order.
    public let scopes: [SecretsScope]

    public static var rule: String { "\([SecretsScope].rule), \(list), each once" }

    public init(input: JSONValue) throws(Violations) {
        let named: [SecretsScope] = try Self.list.read(input)
        guard Set(named).count == named.count else { throw Violations(.invalidFormat, "must name each scope once") }
        scopes = named.sorted { $0.rawValue < $1.rawValue }
    }
}
