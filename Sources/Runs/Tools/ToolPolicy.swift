public import Base
import Core
package import Postgres

/// The tools and secret scopes that a team's plans may use.
public struct ToolPolicy: OutputObject {
    let team: ID<Run.Team>

    /// The allowed tools, by the names in plans; nil for all, or for the default.
    public let tools: [String]?

    /// Whether an operator has set the team's tools.
    let isOwn: Bool

    /// The allowed secret scopes.
    public let secretScopes: [String]

    package init(team: ID<Run.Team>, row: borrowing Row) throws(PostgresError) {
        self.team = team
        tools = try row["tools"]
        isOwn = try row["is_own"]
        secretScopes = try row["secret_scopes"]
    }

    public static let fields: [OutputField<ToolPolicy>] = [
        OutputField("teamId", "The team.") { $0.team },
        OutputField("tools", "The allowed tools, by the names in plans; null for all.") { $0.tools },
        OutputField("hasOwnTools", "Whether an operator has set the tools; if not, NOFX_DEFAULT_TOOLS applies.") {
            $0.isOwn
        },
        OutputField("secretScopes", "The allowed secret scopes.") { $0.secretScopes },
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

    public init(input: JSONValue) throws(Violations) {
        let named: [SecretsScope] = try Self.list.read(input)
        guard Set(named).count == named.count else { throw Violations(.invalidFormat, "must name each scope once") }
        scopes = named.sorted { $0.rawValue < $1.rawValue }
    }
}

extension Context {
    /// The tools of a plan that its team may not use.
    ///
    /// - Throws: A `Denial` if the caller lacks the permission for the action.
    mutating func deniedTools(
        of plan: Plan,
        for team: ID<Run.Team>,
        attempting action: Action
    ) throws -> Set<String> {
        let user = try user(attempting: action, on: team)
        let tools = Set(plan.steps.map(\.tool.description)).sorted()
        let rows = try read(
            """
            SELECT \(action.scope) = ANY (nofx.permissions(m.role, m.permissions)) AS allowed, m.role,
                   ARRAY(SELECT t FROM unnest(\(tools)) AS t
                         WHERE NOT nofx.is_tool_allowed(t, p.tools, p.allows_all, \(quotas.defaultTools.names))) AS denied
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id AND m.user_id = \(user)
            LEFT JOIN nofx.tool_policies p ON p.team_id = t.id
            WHERE t.id = \(team) AND t.deleted_at IS NULL
            """
        )
        guard let row = rows.first else { throw Denial.notMember(action, team: team) }
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: try row["role"]) }
        let denied: [String] = try row["denied"]
        return Set(denied)
    }
}
