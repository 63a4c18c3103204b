import Core
import FunctionRuntime
import Runs

/// Retries a step.
struct RetryStep: Function {
    static let name = "retryStep"
    static let summary = "Retries a failed or cancelled step, and the steps that were skipped because of it."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: Run.StepReference, in context: inout Context) throws -> Run.RetriedStep {
        try Run.retryStep(input, in: &context)
    }
}
