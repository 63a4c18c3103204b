import Core
import FunctionRuntime
import Teams

/// Changes a member's role or permissions.
struct UpdateMemberRole: Function {
    static let name = "updateMemberRole"
    static let summary = "Changes the role of a member, or the member's own permissions."
    static let subject = Subject.members
    static let access = Access.authenticated

    func run(_ input: Member.Changes, in context: inout Context) throws -> Member {
        try Member.update(input, in: &context)
    }
}
