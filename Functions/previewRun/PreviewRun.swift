import Core
import FunctionRuntime
import Runs

/// Shows a plan without starting it.
struct PreviewRun: Function {
    static let name = "previewRun"
    static let summary = "Checks a plan, or makes one of a prompt, and shows it as it would be started."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: PlanRequest, in context: inout Context) throws -> PlanPreview {
        try PlanPreview.make(input, in: &context)
    }
}
