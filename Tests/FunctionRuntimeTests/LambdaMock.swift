import Base
import HTTPClient
import Synchronization
import TestSupport
import Testing

@testable import FunctionRuntime

/// A mock of Lambda's Runtime API: `Tests/Support/lambda_runtime_api.py`.
struct LambdaMock {
    private let server: PythonServer

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    var address: String { "127.0.0.1:\(server.words[0])" }

    /// Runs the mock for the duration of the body.
    static func run(_ body: (LambdaMock) throws -> Void) throws {
        try PythonServer.run("lambda_runtime_api.py") { try body(LambdaMock(server: $0)) }
    }

    /// Queues an event.
    ///
    /// Headers replace the mock's own; the value `-` omits a header.
    ///
    /// - Returns: The request id of the event.
    @discardableResult
    func queue(_ event: String, headers: [(name: String, value: String)] = []) throws -> String {
        try control(.post, "/events", headers: headers, body: Array(event.utf8))
    }

    /// Sets the status of the next calls of a kind.
    func answer(_ call: String, with status: Int, times: Int = 1) throws {
        _ = try control(.post, "/answer", body: Array("\(call) \(status) \(times)".utf8))
    }

    /// Ends the Runtime API and its connections, and restarts it later.
    func restart(after seconds: Double) throws {
        _ = try control(.post, "/restart", body: Array("\(seconds)".utf8))
    }

    /// The counts of calls, and the violations of the protocol.
    func summary() throws -> JSONValue {
        try JSONDocument(parsing: Array(control(.get, "/summary").utf8)).root
    }

    /// The posted answers, in order.
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

/// Collects log lines.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    /// A log that writes to this collection.
    var log: Log {
        Log(level: .debug, function: "tests") { line in
            self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    /// Whether one line contains all of these texts.
    func contain(_ pieces: String...) -> Bool {
        lines.withLock { $0.contains { line in pieces.allSatisfy { line.contains($0) } } }
    }
}
