import Core
import FunctionRuntime
import AI

/// Shows a team what its AI calls used.
struct AIUsage: Function {
    static let name = "aiUsage"
    static let summary = "Lists the usage and cost of your team's AI calls by day, provider and model."
    static let subject = Subject.ai
    static let access = Access.authenticated

    func run(_ input: DailyUsage.Request, in context: inout Context) throws -> Page<DailyUsage> {
        try DailyUsage.list(input, in: &context)
    }
}
