import Base
import Core
import FunctionRuntime
import Runs
import System

/// Starts the plan of a run again.
struct RerunRun: Function {
    static let name = "rerunRun"
    static let summary = "Starts a new run of your team with the plan of an earlier run."
    static let subject = Subject.runs
    static let access = Access.authenticated
    static let successStatus = 201

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        try ToolName.checkDefaults(environment)
    }

    func run(_ input: StartedRun.Again, in context: inout Context) throws -> StartedRun {
        try StartedRun.rerun(input, in: &context)
    }
}
