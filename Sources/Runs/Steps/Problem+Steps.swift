import Base

extension Problem {
    /// The run has no such step.
    static let stepNotFound = Problem(status: 404, code: "step_not_found", detail: "The run has no such step.")

    /// A step is not done again as it stands.
    ///
    /// - Parameter conflict: What forbids it: `cancelling`, `dependencies`, or the step's status.
    /// - Returns: What its caller is told.
    static func stepNotRetryable(_ conflict: String) -> Problem {
        let detail =
            switch conflict {
            case "cancelling": "The run is being cancelled."
            case "dependencies": "A step that it depends on was not done."
            default: "The step is \(conflict)."
            }
        return Problem(status: 409, code: "step_not_retryable", detail: detail, members: ["forbiddenBy": conflict])
    }
}
