import Core
import FunctionRuntime
import Teams

/// Lists a team's members.
struct ListMembers: Function {
    static let name = "listMembers"
    static let summary = "Lists the members of a team, the first joined first."
    static let subject = Subject.members
    static let access = Access.authenticated

    func run(_ input: Member.Request, in context: inout Context) throws -> Page<Member> {
        try Member.list(input, in: &context)
    }
}
