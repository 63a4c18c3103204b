import Base
import Core
import FunctionRuntime
import Operations
import System

/// Deletes what nobody needs any more.
struct Purge: Function {
    static let name = "purge"
    static let summary = "Deletes records whose retention time is over. Run it on a schedule; calls may overlap."
    static let subject = Subject.operation
    static let access = Access.operatorOnly
    static let takesTriggers = true

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try Retention.Settings(environment)
    }

    func run(_ input: Retention.Request, in context: inout Context) throws -> Retention.Report {
        try Retention.enforce(input, Retention.Settings(Environment.current()), in: &context)
    }
}
