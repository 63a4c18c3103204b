public import Base
public import Glibc
import HTTPClient

/// AWS Lambda as `Tests/Support/lambda_runtime_api.py` plays it, with a built function in it.
public struct LambdaPlatform {
    private let server: PythonServer

    /// The function's process.
    public let processID: pid_t

    /// Runs a function in a Lambda while the body sends it events; then ends it with SIGKILL, as Lambda does.
    ///
    /// - Parameters:
    ///   - make: Names the function, given what has to be in its environment.
    ///   - body: Talks to the platform.
    /// - Returns: How the function ended and what it wrote.
    /// - Throws: What `body` throws, or that something did not start.
    @discardableResult
    public static func run(
        _ make: (_ environment: [String: String]) -> TestFunction,
        _ body: (LambdaPlatform) throws -> Void
    ) throws -> Subprocess.Outcome {
        try PythonServer.run("lambda_runtime_api.py") { server in
            let process = try make(["AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(server.words[0])"]).start()
            let result = Result { try body(LambdaPlatform(server: server, processID: process.processID)) }
            process.signal(SIGKILL)
            let outcome = process.finish()
            try result.get()
            return outcome
        }
    }

    /// Runs a function that ends by itself in a Lambda.
    public static func runToEnd(
        _ make: (_ environment: [String: String]) -> TestFunction
    ) throws -> (outcome: Subprocess.Outcome, summary: JSONValue) {
        try PythonServer.run("lambda_runtime_api.py") { server in
            let outcome = try make(["AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(server.words[0])"]).start().finish()
            return (outcome, try LambdaPlatform(server: server, processID: 0).summary())
        }
    }

    /// Queues an event.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - headers: Take the place of the platform's own; the value `-` leaves one out.
    /// - Returns: The request id it will have.
    /// - Throws: An `HTTPError` when the platform is gone.
    @discardableResult
    public func send(_ event: String, headers: [(name: String, value: String)] = []) throws -> String {
        try control(.post, "/events", headers: headers, body: Array(event.utf8))
    }

    /// Makes the next call of a kind (`response`, `error`, …) end in a status.
    public func answer(_ call: String, with status: Int) throws {
        _ = try control(.post, "/answer", body: Array("\(call) \(status) 1".utf8))
    }

    /// Ends the Runtime API and its connections, and starts it again a moment later.
    public func restart() throws {
        _ = try control(.post, "/restart", body: Array("0.1".utf8))
    }

    /// What the function posted, once there are this many answers: `id`, `kind`, `status`, `type`, `body`.
    public func results(_ count: Int) throws -> [JSONValue] {
        try Array(JSONDocument(parsing: Array(control(.get, "/wait/\(count)").utf8), limits: Self.limits).root.elements)
    }

    /// Counts, and the faults of the protocol.
    public func summary() throws -> JSONValue {
        try JSONDocument(parsing: Array(control(.get, "/summary").utf8)).root
    }

    private static let limits = JSONLimits(bytes: 64 << 20, depth: 32)

    private func control(
        _ method: HTTPRequest.Method,
        _ path: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) throws -> String {
        var client = HTTPClient(userAgent: "tests")
        let url = "http://127.0.0.1:\(server.words[1])\(path)"
        let request = HTTPRequest(method, url, headers: headers, body: body, usesProxy: false)
        let answer = try client.send(request, deadline: .test)
        guard answer.status == 200 else { throw Refused(status: answer.status) }
        return String(decoding: answer.body, as: UTF8.self)
    }

    private struct Refused: Error {
        let status: Int
    }
}
