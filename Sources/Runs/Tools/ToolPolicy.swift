public import Base
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
