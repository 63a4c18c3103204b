import Core
import FunctionRuntime
import Teams

/// Makes another member the owner.
struct TransferOwnership: Function {
    static let name = "transferOwnership"
    static let summary = "Makes another member the owner of your team; you stay as an admin."
    static let subject = Subject.members
    static let access = Access.authenticated

    func run(_ input: Member.Reference, in context: inout Context) throws -> Team {
        try Team.transfer(to: input, in: &context)
    }
}
