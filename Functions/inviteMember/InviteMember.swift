import Core
import FunctionRuntime
import Teams

/// Invites an e-mail address to a team.
struct InviteMember: Function {
    static let name = "inviteMember"
    static let summary = "Invites an e-mail address to a team, by mail."
    static let subject = Subject.invites
    static let access = Access.authenticated
    static let successStatus = 201

    func run(_ input: NewInvite.Draft, in context: inout Context) throws -> NewInvite {
        try NewInvite.create(input, in: &context)
    }
}
