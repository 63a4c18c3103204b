import Base
import HTTPClient

/// A receiver of webhooks: `Tests/Support/webhook_receiver.py`.
///
/// The first part of a path selects its behavior.
public struct WebhookReceiver: Sendable {
    private let server: PythonServer

    /// Runs a receiver for the duration of the body.
    ///
    /// - Parameter body: Sends messages to the receiver.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if the receiver did not start.
    public static func run<Output>(body: (WebhookReceiver) throws -> Output) throws -> Output {
        try PythonServer.run("webhook_receiver.py", [], by: .clients) { try body(WebhookReceiver(server: $0)) }
    }

    /// The URL of a path, such as `/503x2/a`.
    public func url(_ path: String) -> String { "http://127.0.0.1:\(server.port)\(path)" }

    /// Sets the secret with which messages for a path must be signed.
    public func expect(_ secret: String, on path: String) throws {
        _ = try control(.post, "/secret\(path)", Array(secret.utf8))
    }

    /// The received messages, oldest first.
    ///
    /// - Parameter path: Only messages for this path; nil for all messages.
    /// - Returns: The messages, including those whose answer is not complete.
    /// - Throws: An error if the receiver has ended.
    public func messages(_ path: String? = nil) throws -> [Message] {
        try control(.get, "/messages").root.elements.map(Message.init).filter { path == nil || $0.path == path }
    }

    /// The largest number of messages that one path answered at the same time.
    public func busiest() throws -> Int? { try control(.get, "/busiest").root.integer }

    private func control(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]? = nil) throws -> JSONDocument {
        var client = HTTPClient(userAgent: "tests")
        let url = "http://127.0.0.1:\(server.words[1])\(path)"
        let request = HTTPRequest(method, url, body: body, maximumResponseBytes: 64 << 20, usesProxy: false)
        let answer = try client.send(request, deadline: .test).body
        let text = body == nil ? answer : Array("null".utf8)
        return try JSONDocument(parsing: text, limits: JSONLimits(bytes: 64 << 20, depth: 8))
    }
}

extension WebhookReceiver {
    /// A received message, and whether its signature is valid.
    public struct Message: Sendable {
        public let path: String
        public let method: String
        public let id: String
        public let timestamp: String
        public let contentType: String
        public let userAgent: String

        /// The headers `traceparent`, `tracestate` and `x-amzn-trace-id`.
        public let trace: String
        public let traceState: String
        public let xray: String

        public let body: String
        public let isVerified: Bool

        init(_ json: JSONValue) {
            path = json["path"]?.string ?? ""
            method = json["method"]?.string ?? ""
            id = json["id"]?.string ?? ""
            timestamp = json["timestamp"]?.string ?? ""
            contentType = json["type"]?.string ?? ""
            userAgent = json["agent"]?.string ?? ""
            trace = json["trace"]?.string ?? ""
            traceState = json["state"]?.string ?? ""
            xray = json["xray"]?.string ?? ""
            body = json["body"]?.string ?? ""
            isVerified = json["verified"]?.bool ?? false
        }
    }
}
