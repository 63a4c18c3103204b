import Core
import FunctionRuntime
import Teams

/// Creates a team that the caller owns.
struct CreateTeam: Function {
    static let name = "createTeam"
    static let summary = "Creates a team that you own."
    static let subject = Subject.teams
    static let access = Access.authenticated
    static let successStatus = 201

    func run(_ input: Team.Draft, in context: inout Context) throws -> Team {
        try Team.create(input, in: &context)
    }
}
