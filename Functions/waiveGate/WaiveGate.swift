import Core
import FunctionRuntime
import Runs

/// Waives a gate.
struct WaiveGate: Function {
    static let name = "waiveGate"
    static let summary = "Waives a gate: its run goes on without the decision."
    static let subject = Subject.gates
    static let access = Access.authenticated

    func run(_ input: GateDecision.Waiver, in context: inout Context) throws -> DecidedGate {
        try DecidedGate.waive(input, in: &context)
    }
}
