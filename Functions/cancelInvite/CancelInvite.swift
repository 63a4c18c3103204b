import Core
import FunctionRuntime
import Teams

/// Cancels a pending invite.
struct CancelInvite: Function {
    static let name = "cancelInvite"
    static let summary = "Cancels a pending invite of a team."
    static let subject = Subject.invites
    static let access = Access.authenticated

    func run(_ input: Invite.Reference, in context: inout Context) throws -> Invite {
        try Invite.cancel(input, in: &context)
    }
}
