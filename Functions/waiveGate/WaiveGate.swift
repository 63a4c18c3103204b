import Core
import FunctionRuntime
import Runs

/// Waives a gate.
struct WaiveGate: Function {
    static let name = "waiveGate"
    static let summary = "Lets a run go on at a gate without the decision that it waits for."
    static let subject = Subject.gates
    static let access = Access.authenticated

    func run(_ input: GateDecision.Waiver, in context: inout Context) throws -> DecidedGate {
        try DecidedGate.waive(input, in: &context)
    }
}
