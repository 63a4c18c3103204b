import Core
import FunctionRuntime
import Runs

/// Starts a run.
struct StartRun: Function {
    static let name = "startRun"
    static let summary = "Starts a plan, or one that is made of a prompt, as a run of your team."
    static let subject = Subject.runs
    static let access = Access.authenticated
    static let successStatus = 201

    func run(_ input: PlanRequest, in context: inout Context) throws -> StartedRun {
        try StartedRun.start(input, in: &context)
    }
}
