import Core
import FunctionRuntime
import Teams

/// Restores a deleted team.
struct RestoreTeam: Function {
    static let name = "restoreTeam"
    static let summary = "Restores a team that you own and deleted."
    static let subject = Subject.teams
    static let access = Access.authenticated

    func run(_ input: Team.Reference, in context: inout Context) throws -> Team {
        try Team.restore(input.team, in: &context)
    }
}
