import Core
import FunctionRuntime
import Teams

/// Removes another member from a team.
struct RemoveMember: Function {
    static let name = "removeMember"
    static let summary = "Removes a member from a team."
    static let subject = Subject.members
    static let access = Access.authenticated

    func run(_ input: Member.Reference, in context: inout Context) throws -> Member.Departure {
        try Member.remove(input, in: &context)
    }
}
