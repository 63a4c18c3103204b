import Core
import FunctionRuntime
import Runs

/// Decides a gate.
struct ApproveGate: Function {
    static let name = "approveGate"
    static let summary = "Decides whether a run goes on at a gate."
    static let subject = Subject.gates
    static let access = Access.authenticated

    func run(_ input: GateDecision.Approval, in context: inout Context) throws -> DecidedGate {
        try DecidedGate.approve(input, in: &context)
    }
}
