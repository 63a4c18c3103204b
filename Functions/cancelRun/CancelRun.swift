import Core
import FunctionRuntime
import Runs

/// Cancels a run.
struct CancelRun: Function {
    static let name = "cancelRun"
    static let summary = "Cancels a run; one that has ended stays as it is."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: Run.Reference, in context: inout Context) throws -> Run.Cancelled {
        try Run.cancel(input, in: &context)
    }
}
