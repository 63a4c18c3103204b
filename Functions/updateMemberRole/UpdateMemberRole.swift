import Core
import FunctionRuntime
import Teams

/// Changes a member.
struct UpdateMemberRole: Function {
    static let name = "updateMemberRole"
    static let summary = "Changes a member's role, or what the member may do in place of it."
    static let subject = Subject.members
    static let access = Access.authenticated

    func run(_ input: Member.Changes, in context: inout Context) throws -> Member {
        try Member.update(input, in: &context)
    }
}
