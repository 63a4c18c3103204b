import TestSupport

/// The endpoints, read from the package so that a new endpoint is included.
enum Endpoints {
    /// The operators' endpoints, which take no credential.
    static let operators = ["createOperatorKey", "deliverOutbox", "migrate", "purge", "runWorker"]

    /// Every endpoint: the folders of `Functions`, in order.
    static var all: [String] {
        get throws {
            let package = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
            let listing = try Subprocess("ls", ["/\(package)/Functions"], environment: ["PATH": "/usr/bin:/bin"])
                .finish()
            return listing.output.split(separator: "\n").map(String.init).sorted()
        }
    }

    /// The endpoints that authenticate the caller.
    static var authenticated: [String] {
        get throws { try all.filter { !operators.contains($0) } }
    }

    /// Those with a credential whose errors are problem objects.
    ///
    /// The errors of `chatCompletions` have OpenAI's form; its own tests are about them.
    static var answeringWithProblems: [String] {
        get throws { try authenticated.filter { $0 != "chatCompletions" } }
    }

    /// The endpoints that change a team.
    static var changing: [String] {
        get throws {
            let others = [
                "aiHealth", "aiUsage", "chatCompletions", "previewRun", "queueStats", "redriveDeadLetters",
                "resetBreaker", "runTimeline",
            ]
            return try authenticated.filter { !$0.hasPrefix("get") && !$0.hasPrefix("list") && !others.contains($0) }
        }
    }
}
