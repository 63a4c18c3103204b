import Base
import Core
import FunctionRuntime
import System
import Worker

/// Does the steps of runs that are due.
struct RunWorker: Function {
    static let name = "runWorker"
    static let summary = "Does the steps of runs that are due; for a schedule or a queue, or for ever in a container."
    static let subject = Subject.queue
    static let access = Access.operatorOnly

    /// The longest budget, and what comes after it.
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
