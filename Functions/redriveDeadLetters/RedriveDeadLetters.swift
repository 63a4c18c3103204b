import Base
import Core
import FunctionRuntime
import Operations

/// Puts jobs that were given up back to work.
struct RedriveDeadLetters: Function {
    static let name = "redriveDeadLetters"
    static let summary = "Returns dead-lettered jobs to the queue, oldest first. For operators (admin:ops)."
    static let subject = Subject.queue
    static let access = Access.authenticated

    func run(_ input: Redrive.Request, in context: inout Context) throws -> Redrive {
        try Redrive.make(input, in: &context)
    }
}
