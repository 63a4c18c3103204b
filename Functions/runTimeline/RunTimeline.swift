import Core
import FunctionRuntime
import Runs

/// Tells what happened in a run.
struct RunTimeline: Function {
    static let name = "runTimeline"
    static let summary = "Lists what happened in a run, in order, and waits for more if you like."
    static let subject = Subject.runs
    static let access = Access.authenticated

    /// The longest wait, and what comes around it.
    static let usualTimeout = Duration.seconds(30)

    func run(_ input: Timeline.Request, in context: inout Context) throws -> Timeline {
        try Timeline.read(input, in: &context)
    }
}
