import Core
import FunctionRuntime
import Teams

/// Shows to those who manage a team what others tried with it.
struct ListSecurityEvents: Function {
    static let name = "listSecurityEvents"
    static let summary = "Lists what was tried with a team that you manage and refused, the newest first."
    static let subject = Subject.audit
    static let access = Access.authenticated

    func run(_ input: SecurityEvent.Request, in context: inout Context) throws -> Page<SecurityEvent> {
        try SecurityEvent.list(input, in: &context)
    }
}
