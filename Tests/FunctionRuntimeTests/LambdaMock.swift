import Base
import HTTPClient
import Synchronization
import TestSupport
import Testing

@testable import FunctionRuntime

/// Lambda's Runtime API as `Tests/Support/lambda_runtime_api.py` plays it.
struct LambdaMock {
    private let server: PythonServer

    /// What `AWS_LAMBDA_RUNTIME_API` would be.
    var address: String { "127.0.0.1:\(server.words[0])" }

    /// Plays the Runtime API while the body runs.
    static func run(_ body: (LambdaMock) throws -> Void) throws {
        try PythonServer.run("lambda_runtime_api.py") { try body(LambdaMock(server: $0)) }
    }

    /// Queues an event.
    ///
    /// Headers take the place of the mock's own; the value `-` leaves one out.
    ///
    /// - Returns: The request id it will have.
    @discardableResult
    func queue(_ event: String, headers: [(name: String, value: String)] = []) throws -> String {
        try control(.post, "/events", headers: headers, body: Array(event.utf8))
    }

    /// Makes the next calls of a kind end in a status.
    func answer(_ call: String, with status: Int, times: Int = 1) throws {
        _ = try control(.post, "/answer", body: Array("\(call) \(status) \(times)".utf8))
    }

    /// Ends the Runtime API and its connections, and starts it again later.
    func restart(after seconds: Double) throws {
        _ = try control(.post, "/restart", body: Array("\(seconds)".utf8))
    }

    /// Counts, and the faults of the protocol.
    func summary() throws -> JSONValue {
        try JSONDocument(parsing: Array(control(.get, "/summary").utf8)).root
    }

    /// What was posted, in order.
    func results() throws -> [JSONValue] {
        try Array(JSONDocument(parsing: Array(control(.get, "/results").utf8)).root.elements)
    }

    private func control(
        _ method: HTTPRequest.Method,
        _ path: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) throws -> String {
        var client = HTTPClient(userAgent: "tests")
        let url = "http://127.0.0.1:\(server.words[1])\(path)"
        let request = HTTPRequest(method, url, headers: headers, body: body, usesProxy: false)
        let answer = try client.send(request, deadline: .after(.seconds(30)))
        try #require(answer.status == 200)
        return String(decoding: answer.body, as: UTF8.self)
    }
}

/// Keeps the lines of a log.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    /// A log that ends here.
    var log: Log {
        Log(level: .debug, function: "tests") { line in
            self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    /// Whether a line has all of these pieces of text.
    func contain(_ pieces: String...) -> Bool {
        lines.withLock { $0.contains { line in pieces.allSatisfy { line.contains($0) } } }
    }
}
