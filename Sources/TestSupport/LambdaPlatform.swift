public import Base
public import Glibc
import HTTPClient

/// A simulated AWS Lambda (`Tests/Support/lambda_runtime_api.py`) with a built function in it.
public struct LambdaPlatform {
    private let server: PythonServer

    /// The process of the function.
    public let processID: pid_t

    /// Runs a function in a simulated Lambda for the duration of the body, then ends it with SIGKILL, as Lambda does.
    ///
    /// - Parameters:
    ///   - make: Makes the function with the given environment variables.
    ///   - refused: The statuses with which the platform refuses a first call, by its kind.
    ///   - body: Sends events to the function.
    /// - Returns: The exit status and the output of the function.
    /// - Throws: The error of the body, or an error if a process did not start.
    @discardableResult
    public static func run(
        _ make: (_ environment: [String: String]) -> TestFunction,
        refusing refused: [String: Int] = [:],
        _ body: (LambdaPlatform) throws -> Void
    ) throws -> Subprocess.Outcome {
        try PythonServer.run("lambda_runtime_api.py") { server in
            for (call, status) in refused {
                try LambdaPlatform(server: server, processID: 0).answer(call, with: status)
            }
            let process = try make(["AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(server.words[0])"]).start()
            let result = Result { try body(LambdaPlatform(server: server, processID: process.processID)) }
            process.signal(SIGKILL)
            let outcome = process.finish()
            try result.get()
            return outcome
        }
    }

    /// Runs a function that ends by itself in a simulated Lambda.
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
    ///   - headers: Replace the platform's own headers; the value `-` omits a header.
    /// - Returns: The request id of the event.
    /// - Throws: An `HTTPError` if the platform has ended.
    @discardableResult
    public func send(_ event: String, headers: [(name: String, value: String)] = []) throws -> String {
        try control(.post, "/events", headers: headers, body: Array(event.utf8))
    }

    /// Sets the status of the answer to the function's next call of a kind (`response`, `error`, …).
    public func answer(_ call: String, with status: Int) throws {
        _ = try control(.post, "/answer", body: Array("\(call) \(status) 1".utf8))
    }

    /// Sends SIGTERM to the function, and waits until it has ended.
    public func terminate() throws {
        kill(processID, SIGTERM)
        try awaitEnd()
    }

    /// Waits until the function has ended by itself.
    public func awaitEnd() throws {
        var information = unsafe siginfo_t()
        // The process is left for the one that collects its output.
        while unsafe waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }

    /// Ends the Runtime API and its connections, and restarts it after 0.1 s.
    public func restart() throws {
        _ = try control(.post, "/restart", body: Array("0.1".utf8))
    }

    /// Waits for a number of answers and returns what the function posted: `id`, `kind`, `status`, `type`, `body`.
    public func results(_ count: Int) throws -> [JSONValue] {
        try Array(JSONDocument(parsing: Array(control(.get, "/wait/\(count)").utf8), limits: Self.limits).root.elements)
    }

    /// The counts of calls, and the violations of the protocol.
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
