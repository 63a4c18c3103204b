public import Base
public import Core
package import Postgres

/// The tools, secret scopes and AI models that a team's plans may use.
public struct ToolPolicy: OutputObject {
    let team: ID<Run.Team>

    /// The allowed tools, by the names in plans; nil for all, or for the default.
    public let tools: [String]?

    /// Whether an operator has set the team's tools.
    let isOwn: Bool

    /// The allowed secret scopes.
    public let secretScopes: [String]

    /// The patterns of the allowed AI models and routes; nil for all.
    let models: [String]?

    package init(team: ID<Run.Team>, row: borrowing Row) throws(PostgresError) {
        self.team = team
        tools = try row["tools"]
        isOwn = try row["is_own"]
        secretScopes = try row["secret_scopes"]
        models = try row["models"]
    }

    public static let fields: [OutputField<ToolPolicy>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("tools", "The allowed tools, by the names in plans; null for all.") { $0.tools },
        OutputField("hasOwnTools", "Whether an operator has set the tools; if not, NOFX_DEFAULT_TOOLS applies.") {
            $0.isOwn
        },
        OutputField("secretScopes", "The allowed secret scopes.") { $0.secretScopes },
        OutputField("models", "The patterns of the allowed AI models and routes; null for all.") { $0.models },
    ]
}

/// The tools that a team may use, without duplicates; an empty list allows none.
///
/// The list holds the names that plans use: `ai:generate` does not allow its alias `codegen`.
public struct AllowedTools: InputValue, Hashable {
    private static let list = ListRule(0...100)

    /// The tools, in alphabetical order.
    public let tools: [ToolName]

    public static var rule: String { "\([ToolName].rule), \(list), each once" }
    public static var form: ValueForm { .array(ToolName.form, 0...100, isSet: true) }

    public init(input: JSONValue) throws(Violations) {
        let named: [ToolName] = try Self.list.read(input)
        guard Set(named).count == named.count else { throw Violations(.invalidFormat, "must name each tool once") }
        tools = named.sorted { $0.description < $1.description }
    }
}

/// The secret scopes that a team's steps may use, without duplicates.
public struct AllowedScopes: InputValue, Hashable {
    private static let list = ListRule(0...100)

    /// The scopes, in alphabetical order.
    public let scopes: [SecretsScope]

    public static var rule: String { "\([SecretsScope].rule), \(list), each once" }
    public static var form: ValueForm { .array(SecretsScope.form, 0...100, isSet: true) }

    public init(input: JSONValue) throws(Violations) {
        let named: [SecretsScope] = try Self.list.read(input)
        guard Set(named).count == named.count else { throw Violations(.invalidFormat, "must name each scope once") }
        scopes = named.sorted { $0.rawValue < $1.rawValue }
    }
}

/// The patterns of the AI models and routes that a team may use, without duplicates; an empty list allows none.
public struct AllowedPatterns: InputValue, Hashable {
    private static let list = ListRule(0...100)

    /// The patterns, in alphabetical order.
    public let patterns: [ModelPattern]

    public static var rule: String { "\([ModelPattern].rule), \(list), each once" }
    public static var form: ValueForm { .array(ModelPattern.form, 0...100, isSet: true) }

    public init(input: JSONValue) throws(Violations) {
        let named: [ModelPattern] = try Self.list.read(input)
        guard Set(named).count == named.count else { throw Violations(.invalidFormat, "must name each pattern once") }
        patterns = named.sorted { $0.text < $1.text }
    }
}
