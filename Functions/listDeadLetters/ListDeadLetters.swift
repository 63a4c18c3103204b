import Base
import Core
import FunctionRuntime
import Operations

/// Lists the jobs that were given up.
struct ListDeadLetters: Function {
    static let name = "listDeadLetters"
    static let summary = "Lists dead-lettered jobs, newest first. For operators (admin:ops)."
    static let subject = Subject.queue
    static let access = Access.authenticated

    func run(_ input: DeadLetterItem.Request, in context: inout Context) throws -> Page<DeadLetterItem> {
        try DeadLetterItem.list(input, in: &context)
    }
}
