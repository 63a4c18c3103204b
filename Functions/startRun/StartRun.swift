import Base
import Core
import FunctionRuntime
import Runs
import System

/// Starts a run.
struct StartRun: Function {
    static let name = "startRun"
    static let summary = "Starts a run of your team from a plan, or from a prompt."
    static let subject = Subject.runs
    static let access = Access.authenticated
    static let successStatus = 201

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        try ToolName.checkDefaults(environment)
    }

    func run(_ input: PlanRequest, in context: inout Context) throws -> StartedRun {
        try StartedRun.start(input, in: &context)
    }
}
