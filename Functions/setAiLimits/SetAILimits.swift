import Core
import FunctionRuntime
import Operations

/// Lets an operator decide how many AI requests and tokens a team may use in a minute.
struct SetAILimits: Function {
    static let name = "setAiLimits"
    static let summary = "Sets a team's limits of AI requests and tokens per minute. For operators (admin:ops)."
    static let subject = Subject.ai
    static let access = Access.authenticated
    // Who operates need not be a member to hear the same answer again.
    static let answersFormerMembers = true

    func run(_ input: TeamLimits.Request, in context: inout Context) throws -> TeamLimits {
        try TeamLimits.set(input, in: &context)
    }
}
