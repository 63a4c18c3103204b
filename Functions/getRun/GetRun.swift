import Core
import FunctionRuntime
import Runs

/// Shows a run.
@main
struct GetRun: Function {
    static let name = "getRun"
    static let summary = "Shows a run with its steps, their outputs and gates."
    static let access = Access.authenticated

    func run(_ input: RunDetails.Request, in context: inout Context) throws -> RunDetails {
        try RunDetails.get(input, in: &context)
    }
}
