public import Base
import HTTPClient

/// A third party's imitation of AI providers: `Tests/Support/llmock_server.py`.
///
/// It serves OpenAI's formats below ``openAI`` and Anthropic's below ``anthropic``, to any key. Give every call a prompt
/// of its own: it takes requests with the same body for attempts of one call.
public struct LLMock: Sendable {
    private let port: String

    /// The base URL of OpenAI's formats, chat completions and responses.
    public var openAI: String { "http://127.0.0.1:\(port)/v1" }

    /// The base URL of Anthropic's format.
    public var anthropic: String { "http://127.0.0.1:\(port)/anthropic" }

    /// Runs a server while the body needs it.
    ///
    /// - Parameters:
    ///   - settings: Quotas of llmock's own, such as `LLMOCK_RPM=2` or `LLMOCK_ERROR_RATE_429=0.2`.
    ///   - body: Lets programs ask it.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or that the server did not start.
    public static func run<Output>(_ settings: String..., body: (LLMock) throws -> Output) throws -> Output {
        try PythonServer.run("llmock_server.py", settings, by: .imitation) { server in
            try body(LLMock(port: server.port))
        }
    }

    /// Says what happens to the requests that come next, in this order, each once unless it says otherwise.
    ///
    /// - Parameter behaviors: A JSON object each: `{"type":"fail","status":429,"retry_after":0.4,"times":2}`,
    ///   `{"type":"reply","text":"4"}`, `{"type":"stream_fault","kind":"truncate","after_chunks":2}`,
    ///   `{"type":"delay","seconds":1,"match":{"provider":"openai"}}`.
    /// - Throws: ``Refused``, or that the server is gone.
    public func scenario(_ behaviors: String...) throws {
        _ = try control(.post, "/scenario", #"{"behaviors":[\#(behaviors.joined(separator: ","))]}"#)
    }

    /// What it was asked, oldest first: `path`, `model`, `stream`, `status`, `fault`, `started_at`, `body`, ….
    public func requests() throws -> [JSONValue] {
        try control(.get, "/requests")["requests"].map { Array($0.elements) } ?? []
    }

    /// What it thinks of its client.
    public func verdict() throws -> Verdict { Verdict(try control(.get, "/verdict")) }

    /// Forgets what it was asked and what is to happen.
    public func reset() throws {
        _ = try control(.post, "/reset", "")
    }

    /// What the server did not like about being controlled.
    public struct Refused: Error {
        /// How it said so.
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
