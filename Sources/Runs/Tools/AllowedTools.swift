public import Base

/// The tools that a team may use: each of them once, by any of its names; none at all is a list too.
public struct AllowedTools: InputValue, Hashable {
    private static let list = ListRule(0...ToolName.Kind.allCases.count)

    /// The tools, in their usual order.
    public let kinds: [ToolName.Kind]

    public static var rule: String { "\([ToolName].rule), \(list), each once" }

    public init(input: JSONValue) throws(Violations) {
        let named: [ToolName] = try Self.list.read(input)
        kinds = ToolName.Kind.allCases.filter { kind in named.contains { $0.kind == kind } }
        guard kinds.count == named.count else { throw Violations(.invalidFormat, "must name each tool once") }
    }
}
