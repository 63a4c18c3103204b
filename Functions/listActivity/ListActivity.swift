import Core
import FunctionRuntime
import Teams

/// Shows a team's audit trail to those who manage it.
struct ListActivity: Function {
    static let name = "listActivity"
    static let summary = "Lists what was done to a team that you manage, the newest first; also after it was deleted."
    static let subject = Subject.audit
    static let access = Access.authenticated

    func run(_ input: ActivityEntry.Request, in context: inout Context) throws -> Page<ActivityEntry> {
        try ActivityEntry.list(input, in: &context)
    }
}
