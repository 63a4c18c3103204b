import Core
import FunctionRuntime
import Runs

/// Shows a run.
struct GetRun: Function {
    static let name = "getRun"
    static let summary = "Shows a run with its steps, their outputs and gates."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: RunDetails.Request, in context: inout Context) throws -> RunDetails {
        try RunDetails.get(input, in: &context)
    }
}
