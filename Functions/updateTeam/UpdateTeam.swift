import Core
import FunctionRuntime
import Teams

/// Changes a team's properties.
struct UpdateTeam: Function {
    static let name = "updateTeam"
    static let summary = "Changes a team's name, billing address or settings."
    static let subject = Subject.teams
    static let access = Access.authenticated

    func run(_ input: Team.Changes, in context: inout Context) throws -> Team {
        try Team.update(input, in: &context)
    }
}
