import Base

extension Problem {
    /// A plan uses tools that its own steps or its team do not allow.
    static func policyDenied(_ tools: [String]) -> Problem {
        Problem(
            status: 403,
            code: "policy_denied",
            detail: "The plan uses tools that are not allowed.",
            lists: ["tools": tools]
        )
    }

    /// A plan wants secrets that its team may not have.
    static func policyDenied(scopes: [String]) -> Problem {
        Problem(
            status: 403,
            code: "policy_denied",
            detail: "The plan wants secrets that the team may not have.",
            lists: ["secretsScopes": scopes]
        )
    }

    /// The team has no such run.
    static let runNotFound = Problem(status: 404, code: "run_not_found", detail: "The team has no such run.")

    /// As much waits to be done as may.
    static let queueFull = Problem(
        status: 429,
        code: "queue_full",
        detail: "Too many steps wait to be done. Start the run again when some are.",
        retryAfter: 10
    )
}
