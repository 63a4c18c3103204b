import Core
import FunctionRuntime
import Runs

/// Lists the events of a run.
struct RunTimeline: Function {
    static let name = "runTimeline"
    static let summary = "Lists the events of a run in order; it can wait for new ones."
    static let subject = Subject.runs
    static let access = Access.authenticated

    /// The longest wait, and time for queries and the answer.
    static let usualTimeout = Duration.seconds(30)

    func run(_ input: Timeline.Request, in context: inout Context) throws -> Timeline {
        try Timeline.read(input, in: &context)
    }
}
