import Base
import Core
import FunctionRuntime
import System
import Reliability
import Operations

/// Shows how the AI providers' circuit breakers stand.
struct AIHealth: Function {
    static let name = "aiHealth"
    static let summary =
        "Shows the state of the AI providers' circuit breakers; as metrics, if the caller asks for text."
    static let subject = Subject.ai
    static let access = Access.authenticated
    static let allowsGet = true

    /// What calls are judged by is looked at where breakers are looked at.
    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try CircuitBreakerPolicy(environment)
    }

    func run(_ input: NoInput, in context: inout Context) throws -> BreakerReport {
        try BreakerReport.make(in: &context)
    }
}
