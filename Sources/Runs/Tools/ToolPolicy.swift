public import Base
import Core
package import Postgres

/// Which tools and secrets the steps of a team's runs may use.
public struct ToolPolicy: OutputObject {
    let team: ID<Run.Team>

    /// The tools, by the names that plans use; nil for all.
    public let tools: [String]?

    /// The scopes whose secrets steps may have.
    public let secretScopes: [String]

    package init(team: ID<Run.Team>, row: borrowing Row) throws(PostgresError) {
        self.team = team
        tools = try row["tools"]
        secretScopes = try row["secret_scopes"]
    }

    public static let fields: [OutputField<ToolPolicy>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("tools", "The tools that its plans may use, by these names; null for all.") { $0.tools },
        OutputField("secretScopes", "The scopes whose secrets its steps may have.") { $0.secretScopes },
    ]
}

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

extension Context {
    /// The only tools that a team's plans may use, where the caller is permitted what an action takes; nil for all.
    ///
    /// - Throws: A `Denial`.
    mutating func policy(of team: ID<Run.Team>, attempting action: Action) throws -> [String]? {
        let user = try user(attempting: action, on: team)
        let rows = try read(
            """
            SELECT \(action.scope) = ANY (nofx.permissions(m.role, m.permissions)) AS allowed, m.role, p.tools
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
            LEFT JOIN nofx.tool_policies p ON p.team_id = t.id
            WHERE t.id = \(team) AND t.deleted_at IS NULL
            """
        )
        guard let row = rows.first else { throw Denial.notMember(action, team: team) }
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: try row["role"]) }
        return try row["tools"]
    }
}
