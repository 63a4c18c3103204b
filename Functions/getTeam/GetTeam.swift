import Core
import FunctionRuntime
import Teams

/// Shows a team to a member.
struct GetTeam: Function {
    static let name = "getTeam"
    static let summary = "Shows a team that you are a member of."
    static let subject = Subject.teams
    static let access = Access.authenticated

    func run(_ input: Team.Reference, in context: inout Context) throws -> Team {
        try Team.get(input.team, in: &context)
    }
}
