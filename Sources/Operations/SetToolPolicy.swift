public import Base
public import Core
import Postgres
public import Runs

extension ToolPolicy {
    /// The new limits of a team.
    public struct Changes: InputObject {
        let team: ID<Run.Team>
        let tools: Change<AllowedTools>
        let scopes: AllowedScopes?
        let models: Change<AllowedPatterns>

        public static let schema = Schema(
            Field("teamId", ID<Run.Team>.self, "The team."),
            .change("tools", AllowedTools.self, "Which tools its plans may use; null for all, unchanged by default."),
            .optional("secretScopes", AllowedScopes.self, "Whose secrets its steps may have; unchanged by default."),
            .change(
                "models",
                AllowedPatterns.self,
                "Which AI models and routes its steps may use; null for all, unchanged by default."
            ),
            into: Changes.init
        )
    }

    private static var setting: Action {
        Action("tool_policy.set", needs: .operations, refusal: "Only operators can set what tools a team may use")
    }

    /// Sets which tools, secrets and models a team may use, from its next run and step on.
    ///
    /// Omitted fields do not change.
    ///
    /// - Throws: A `Denial` for a caller who is not an operator; 404 `team_not_found`.
    public static func set(_ changes: Changes, in context: inout Context) throws -> ToolPolicy {
        let (team, scopes) = (changes.team, changes.scopes)
        let (setsTools, tools) =
            switch changes.tools {
            case .keep: (false, nil as [String]?)
            case .clear: (true, nil)
            case .set(let allowed): (true, allowed.tools.map(\.description))
            }
        let (setsModels, models) =
            switch changes.models {
            case .keep: (false, nil as [String]?)
            case .clear: (true, nil)
            case .set(let allowed): (true, allowed.patterns.map(\.text))
            }
        _ = try context.user(attempting: setting, on: team)
        let rows = try context.write(
            """
            SELECT * FROM nofx.set_tool_policy(\(team), \(setsTools), \(tools), \(scopes != nil),
                                               \(scopes?.scopes.map(\.rawValue)), \(context.record),
                                               \(setsModels), \(models))
            """
        )
        guard let row = rows.first else { throw Problem.noTeam }
        if try row["changes_state"] {
            try context.noteActivity(row, "tool_policy.set", team: team, ["change": try row["metadata"] as JSONText])
        }
        return try ToolPolicy(team: team, row: row)
    }
}
