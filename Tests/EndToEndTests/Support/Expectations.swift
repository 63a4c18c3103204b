import Base
import TestSupport
import Testing

/// Expects a refusal in the common form: one problem on one line, no internals in it, and one JSON object on each log
/// line.
func expectProblem(
    _ outcome: Subprocess.Outcome,
    _ status: Int,
    _ code: String,
    exit: Int32,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let problem = try outcome.json()
    expectProblem(problem, status, code, sourceLocation: sourceLocation)
    #expect(outcome.status == exit, "\(outcome)", sourceLocation: sourceLocation)
    try expectNoInternals(outcome, sourceLocation: sourceLocation)
}

/// Expects a problem with all members of RFC 9457 that callers rely on.
func expectProblem(
    _ problem: JSONValue,
    _ status: Int,
    _ code: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(problem["status"]?.integer == status, "\(problem.text)", sourceLocation: sourceLocation)
    #expect(problem["code"]?.string == code, "\(problem.text)", sourceLocation: sourceLocation)
    #expect(problem["type"]?.string == "urn:nofx:error:\(code)", sourceLocation: sourceLocation)
    for member in ["title", "detail", "requestId"] {
        #expect(problem[member]?.string?.isEmpty == false, "\(member)", sourceLocation: sourceLocation)
    }
}

/// Expects that standard output reveals no internals, and that every log line is complete.
func expectNoInternals(
    _ outcome: Subprocess.Outcome,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let internals = [
        "SELECT", "INSERT", "nofx.", "/tmp", "ostgres", "libpq", "assword", "127.0.0.1", "localhost", ".swift", "SQL",
        "FunctionRuntime", "Optional(", "Error(", "hunter2", "nofx_test_app",
    ]
    for word in internals {
        #expect(!outcome.output.contains(word), "\(outcome.output)", sourceLocation: sourceLocation)
    }
    for line in try outcome.log() {
        for member in ["time", "level", "message", "function"] {
            #expect(line[member]?.string != nil, "\(line.text)", sourceLocation: sourceLocation)
        }
    }
    for secret in [TestFunction.secret, "hunter2"] {
        #expect(!outcome.errors.contains(secret), sourceLocation: sourceLocation)
    }
}

extension Subprocess.Outcome {
    /// The lines of standard error, which must be JSON objects.
    func log() throws -> [JSONValue] {
        let lines = errors.split(separator: "\n", omittingEmptySubsequences: true)
        if !errors.isEmpty, errors.utf8.last != UInt8(ascii: "\n") { throw NoLog(errors: errors) }
        return try lines.map { line in
            guard let object = try? JSONDocument(parsing: Array(line.utf8)).root, object.kind == .object else {
                throw NoLog(errors: errors)
            }
            return object
        }
    }

    /// The lines of the log with a message.
    func log(_ message: String) throws -> [JSONValue] {
        try log().filter { $0["message"]?.string == message }
    }

    struct NoLog: Error {
        let errors: String
    }
}
