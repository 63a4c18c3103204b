public import Base

/// The tools that a team may use, each once; none at all is a list too.
///
/// By the names that plans use: who may use `ai:generate` may not use `codegen`, unless that is there as well.
public struct AllowedTools: InputValue, Hashable {
    private static let list = ListRule(0...100)

    /// The tools, in alphabetical order.
    public let tools: [ToolName]

    public static var rule: String { "\([ToolName].rule), \(list), each once" }

    public init(input: JSONValue) throws(Violations) {
        let named: [ToolName] = try Self.list.read(input)
        guard Set(named).count == named.count else { throw Violations(.invalidFormat, "must name each tool once") }
        tools = named.sorted { $0.description < $1.description }
    }
}
