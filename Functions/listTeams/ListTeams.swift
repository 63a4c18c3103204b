import Core
import FunctionRuntime
import Teams

/// Lists the caller's teams.
struct ListTeams: Function {
    static let name = "listTeams"
    static let summary = "Lists the teams that you are a member of, the last joined first."
    static let subject = Subject.teams
    static let access = Access.authenticated

    func run(_ input: Membership.Request, in context: inout Context) throws -> Page<Membership> {
        try Membership.list(input, in: &context)
    }
}
