import Base
import Core
import FunctionRuntime
import Runs
import System

/// Shows a plan without starting it.
struct PreviewRun: Function {
    static let name = "previewRun"
    static let summary = "Checks a plan, or makes one from a prompt, and shows the run that it would start."
    static let subject = Subject.runs
    static let access = Access.authenticated

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        try ToolName.checkDefaults(environment)
    }

    func run(_ input: PlanRequest, in context: inout Context) throws -> PlanPreview {
        try PlanPreview.make(input, in: &context)
    }
}
