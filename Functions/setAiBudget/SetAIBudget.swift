import Core
import FunctionRuntime
import Operations

/// Lets an operator decide what a team may spend on AI calls.
struct SetAIBudget: Function {
    static let name = "setAiBudget"
    static let summary = "Sets the AI budget of a team. For operators (admin:ops)."
    static let subject = Subject.ai
    static let access = Access.authenticated
    // Who operates need not be a member to hear the same answer again.
    static let answersFormerMembers = true

    func run(_ input: TeamBudget.Changes, in context: inout Context) throws -> TeamBudget {
        try TeamBudget.set(input, in: &context)
    }
}
