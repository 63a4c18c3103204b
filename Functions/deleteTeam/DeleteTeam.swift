import Core
import FunctionRuntime
import Teams

/// Deletes a team that the caller owns.
struct DeleteTeam: Function {
    static let name = "deleteTeam"
    static let summary = "Deletes a team that you own; restoreTeam restores it within 30 days."
    static let subject = Subject.teams
    static let access = Access.authenticated
    static let answersFormerMembers = true

    func run(_ input: Team.Reference, in context: inout Context) throws -> Team.Deleted {
        try Team.delete(input.team, in: &context)
    }
}
