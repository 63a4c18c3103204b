import Base
import Core
import FunctionRuntime
import Operations

/// Shows how much work there is.
struct QueueStats: Function {
    static let name = "queueStats"
    static let summary =
        "Shows the number and age of queued jobs; as metrics, if the caller asks for text. For operators (admin:ops)."
    static let subject = Subject.queue
    static let access = Access.authenticated
    static let allowsGet = true

    func run(_ input: NoInput, in context: inout Context) throws -> QueueReport {
        try QueueReport.make(in: &context)
    }
}
