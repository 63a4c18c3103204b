import Core
import FunctionRuntime
import Teams

/// Lists a team's audit trail.
struct ListActivity: Function {
    static let name = "listActivity"
    static let summary = "Lists the activity of a team that you manage, newest first; also after the team was deleted."
    static let subject = Subject.audit
    static let access = Access.authenticated

    func run(_ input: ActivityEntry.Request, in context: inout Context) throws -> Page<ActivityEntry> {
        try ActivityEntry.list(input, in: &context)
    }
}
