import Base
import Core
import FunctionRuntime

/// Shows how the AI providers' circuit breakers stand.
@main
struct AIHealth: Function {
    static let name = "aiHealth"
    static let summary = "Shows how the AI providers' circuit breakers stand; as metrics, if text is asked for."
    static let access = Access.authenticated
    static let allowsGet = true

    func run(_ input: NoInput, in context: inout Context) throws -> BreakerReport {
        try BreakerReport.make(in: &context)
    }
}
