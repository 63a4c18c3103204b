import Core
import FunctionRuntime
import Teams

/// Lists a team's invites.
struct ListInvites: Function {
    static let name = "listInvites"
    static let summary = "Lists the invites of a team, the newest first."
    static let subject = Subject.invites
    static let access = Access.authenticated

    func run(_ input: Invite.Request, in context: inout Context) throws -> Page<Invite> {
        try Invite.list(input, in: &context)
    }
}
