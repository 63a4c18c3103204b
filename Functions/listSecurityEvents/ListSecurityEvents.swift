import Core
import FunctionRuntime
import Teams

/// Lists the refused attempts on a team.
struct ListSecurityEvents: Function {
    static let name = "listSecurityEvents"
    static let summary = "Lists refused attempts on a team that you manage, newest first."
    static let subject = Subject.audit
    static let access = Access.authenticated

    func run(_ input: SecurityEvent.Request, in context: inout Context) throws -> Page<SecurityEvent> {
        try SecurityEvent.list(input, in: &context)
    }
}
