import Core
import FunctionRuntime
import Runs

/// Starts the plan of a run again.
struct RerunRun: Function {
    static let name = "rerunRun"
    static let summary = "Starts the plan of a run again, as another run of your team."
    static let subject = Subject.runs
    static let access = Access.authenticated
    static let successStatus = 201

    func run(_ input: StartedRun.Again, in context: inout Context) throws -> StartedRun {
        try StartedRun.rerun(input, in: &context)
    }
}
