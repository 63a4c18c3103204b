import Base
import Core
import FunctionRuntime
import System

/// Stands in for an endpoint where `NOFX_FUNCTION` names none: every transport reports it as a wrong configuration.
struct NoEndpoint: Function {
    struct Nothing: OutputObject {
        static let fields: [OutputField<Nothing>] = []
    }

    static let name = "nofx"
    static let summary = "Reports that NOFX_FUNCTION names no endpoint."
    static let subject = Subject.operation
    static let access = Access.operatorOnly

    static func checkConfiguration(_ environment: Environment) throws(ConfigurationError) {
        throw ConfigurationError("NOFX_FUNCTION", "must be the name of an endpoint, as nofx --help lists them")
    }

    func run(_ input: NoInput, in context: inout Context) throws -> Nothing {
        try Self.checkConfiguration(Environment.current())
        return Nothing()
    }
}
