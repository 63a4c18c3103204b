public import Base
import HTTPClient

/// A third-party simulator of AI providers (llmock): `Tests/Support/llmock_server.py`.
///
/// It serves OpenAI's formats below ``openAI`` and Anthropic's below ``anthropic``, and accepts any key. Each call
/// needs a prompt of its own, because the simulator counts requests with the same body as attempts of one call.
public struct LLMock: Sendable {
    private let port: String

    /// The base URL of OpenAI's formats, Chat Completions and Responses.
    public var openAI: String { "http://127.0.0.1:\(port)/v1" }

    /// The base URL of Anthropic's format.
    public var anthropic: String { "http://127.0.0.1:\(port)/anthropic" }

    /// Runs a server for the duration of the body.
    ///
    /// - Parameters:
    ///   - settings: llmock's settings, such as `LLMOCK_RPM=2` or `LLMOCK_ERROR_RATE_429=0.2`.
    ///   - body: Sends requests to the server.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if the server did not start.
    public static func run<Output>(_ settings: String..., body: (LLMock) throws -> Output) throws -> Output {
        try PythonServer.run("llmock_server.py", settings, by: .imitation) { server in
            try body(LLMock(port: server.port))
        }
    }

    /// Defines the behavior for the next requests, in order.
    ///
    /// Each behavior applies once unless it says otherwise.
    ///
    /// - Parameter behaviors: A JSON object each: `{"type":"fail","status":429,"retry_after":0.4,"times":2}`,
    ///   `{"type":"reply","text":"4"}`, `{"type":"stream_fault","kind":"truncate","after_chunks":2}`,
    ///   `{"type":"delay","seconds":1,"match":{"provider":"openai"}}`.
    /// - Throws: ``Refused``, or an error if the server has ended.
    public func scenario(_ behaviors: String...) throws {
        _ = try control(.post, "/scenario", #"{"behaviors":[\#(behaviors.joined(separator: ","))]}"#)
    }

    /// The received requests, oldest first: `path`, `model`, `stream`, `status`, `fault`, `started_at`, `body`, ….
    public func requests() throws -> [JSONValue] {
        try control(.get, "/requests")["requests"].map { Array($0.elements) } ?? []
    }

    /// The verdict on the client's behavior.
    public func verdict() throws -> Verdict { Verdict(try control(.get, "/verdict")) }

    /// Forgets the received requests and the remaining behaviors.
    public func reset() throws {
        _ = try control(.post, "/reset", "")
    }

    /// The server rejected a control request.
    public struct Refused: Error {
        /// The HTTP status of the rejection.
        public let status: Int

        let answer: String
    }

    private func control(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) throws -> JSONValue {
        var client = HTTPClient(userAgent: "tests")
        let url = "http://127.0.0.1:\(port)/_llmock\(path)"
        let request = HTTPRequest(
            method,
            url,
            body: body.map { Array($0.utf8) },
            maximumResponseBytes: 64 << 20,
            usesProxy: false
        )
        let answer = try client.send(request, deadline: .test)
        guard (200..<300).contains(answer.status) else {
            throw Refused(status: answer.status, answer: String(decoding: answer.body, as: UTF8.self))
        }
        return try JSONDocument(parsing: answer.body, limits: JSONLimits(bytes: 64 << 20, depth: 64)).root
    }
}
