import Core
import FunctionRuntime
import Operations
import Runs

/// Lets an operator decide which tools, secrets and AI models a team may use.
struct SetToolPolicy: Function {
    static let name = "setToolPolicy"
    static let summary = "Sets which tools, secrets and AI models a team may use. For operators (admin:ops)."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: ToolPolicy.Changes, in context: inout Context) throws -> ToolPolicy {
        try ToolPolicy.set(input, in: &context)
    }
}
