import Core
import FunctionRuntime
import Runs

/// Lists a team's gates.
struct ListGates: Function {
    static let name = "listGates"
    static let summary = "Lists the gates of a team's runs that wait for a decision, or those that were decided."
    static let subject = Subject.gates
    static let access = Access.authenticated

    func run(_ input: Gate.Request, in context: inout Context) throws -> Page<Gate> {
        try Gate.list(input, in: &context)
    }
}
