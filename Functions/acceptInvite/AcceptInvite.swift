import Core
import FunctionRuntime
import Teams

/// Makes the caller a member of the team that invited them.
struct AcceptInvite: Function {
    static let name = "acceptInvite"
    static let summary = "Accepts an invite: you become a member of its team."
    static let subject = Subject.invites
    static let access = Access.authenticated

    func run(_ input: AcceptedInvite.Request, in context: inout Context) throws -> AcceptedInvite {
        try AcceptedInvite.accept(input, in: &context)
    }
}
