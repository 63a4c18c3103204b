import Core
import FunctionRuntime
import Runs

/// Lists a team's runs.
struct ListRuns: Function {
    static let name = "listRuns"
    static let summary = "Lists the runs of a team, the newest first."
    static let subject = Subject.runs
    static let access = Access.authenticated

    func run(_ input: RunSummary.Request, in context: inout Context) throws -> Page<RunSummary> {
        try RunSummary.list(input, in: &context)
    }
}
