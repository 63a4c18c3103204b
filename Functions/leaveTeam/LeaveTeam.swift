import Core
import FunctionRuntime
import Teams

/// Ends the caller's own membership.
struct LeaveTeam: Function {
    static let name = "leaveTeam"
    static let summary = "Ends your own membership of a team."
    static let subject = Subject.members
    static let access = Access.authenticated
    static let answersFormerMembers = true

    func run(_ input: Team.Reference, in context: inout Context) throws -> Member.Departure {
        try Team.leave(input.team, in: &context)
    }
}
