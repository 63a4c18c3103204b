import Base
import Core
import FunctionRuntime
import System
import Reliability
import Operations

/// Lets an operator decide what a circuit breaker does.
struct ResetBreaker: Function {
    static let name = "resetBreaker"
    static let summary = "Closes circuit breakers, or sets them to another state. For operators (admin:ops)."
    static let subject = Subject.ai
    static let access = Access.authenticated

    /// What calls are judged by is looked at where breakers are looked at.
    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        _ = try CircuitBreakerPolicy(environment)
    }

    func run(_ input: BreakerChange.Request, in context: inout Context) throws -> BreakerChange.Report {
        try BreakerChange.make(input, in: &context)
    }
}
