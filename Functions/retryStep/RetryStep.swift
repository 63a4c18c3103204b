import Core
import FunctionRuntime
import Runs

/// Does a step again.
struct RetryStep: Function {
    static let name = "retryStep"
    static let summary = "Does a step again that failed or was cancelled, and what was skipped because of it."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: Run.StepReference, in context: inout Context) throws -> Run.RetriedStep {
        try Run.retryStep(input, in: &context)
    }
}
