import Base
import Core
import FunctionRuntime
import System
import Worker

/// Executes the steps that are due.
struct RunWorker: Function {
    static let name = "runWorker"
    static let summary =
        "Runs the steps that are due. Start it by a schedule or a queue, or as a container with --forever."
    static let subject = Subject.queue
    static let access = Access.operatorOnly

    /// The longest budget, and time to report results.
    static let usualTimeout = Duration.seconds(905)
    static let takesTriggers = true
    static let canRunForever = true

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        try StepWork.checkConfiguration(environment)
    }

    func run(_ input: StepWork.Request, in context: inout Context) throws -> WorkerReport {
        try StepWork.run(input, Environment.current(), in: &context)
    }
}
