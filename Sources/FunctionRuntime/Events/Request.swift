import Base

/// What arrived, whatever form it came in.
struct Request: Sendable {
    /// What the answer has to look like.
    enum Form: Equatable, Sendable {
        /// The input itself.
        case direct
        /// `{"headers":{…},"body":…}`.
        case envelope
        /// API Gateway HTTP API, payload version 2.0, and Lambda function URLs.
        case apiGatewayV2
        /// API Gateway REST API, payload version 1.0.
        case apiGatewayV1
        /// Application Load Balancer; it wants its answer's headers in the shape of its request's.
        case loadBalancer(multiValue: Bool)
        /// SQS; it wants to know which messages are to come again.
        case messages(MessageBatch)

        /// Whether a platform has wrapped the input, and the answer tells it by itself what went wrong.
        var isWrapped: Bool { self != .direct && self != .envelope }
    }

    /// The messages that the request stands for, where it stands for messages.
    var messages: MessageBatch? {
        if case .messages(let batch) = form { batch } else { nil }
    }

    /// The input, before it is looked into.
    enum Body: Sendable {
        /// A value of the event.
        case value(JSONValue)
        /// A text inside the event, JSON itself if the caller is right.
        case text([UInt8])
        /// What should have been base64.
        case undecodable
    }

    let form: Form
    var method = "POST"
    var headers = Headers()
    let body: Body

    /// The peer's address, as the platform reports it.
    var sourceIP: String?

    /// What the platform calls the request.
    var platformRequestID: String?

    /// What a JWT authorizer in front says it has verified; to be believed only where the operator says so.
    var authorizerClaims: JSONValue?

    /// The input as JSON; a GET has none, whatever came with it.
    ///
    /// - Throws: 400 `malformed_json` or 413 `payload_too_large`.
    func input() throws(Problem) -> JSONValue {
        if method == "GET" { return try JSONDocument(event: Array("{}".utf8)).root }
        switch body {
        case .value(let value): return value
        case .text(let bytes): return try JSONDocument(event: bytes).root
        case .undecodable: throw Problem(status: 400, code: "malformed_json", detail: "The body is not valid base64.")
        }
    }
}

extension JSONLimits {
    /// What a platform may wrap an input in: Lambda passes on 6 MiB, headers and escapes included.
    static let wrappedEvent = JSONLimits(bytes: 7 << 20, depth: JSONLimits.event.depth)
}

extension JSONDocument {
    /// Reads JSON that a caller sent.
    ///
    /// - Throws: 400 `malformed_json` or 413 `payload_too_large`.
    init(event bytes: [UInt8], limits: JSONLimits = .event) throws(Problem) {
        do throws(JSONSyntaxError) {
            try self.init(parsing: bytes, limits: limits)
        } catch {
            guard error.reason != .tooLarge else { throw .payloadTooLarge }
            throw Problem(status: 400, code: "malformed_json", detail: "The input is no acceptable JSON: \(error).")
        }
    }
}

extension Problem {
    static let payloadTooLarge = Problem(
        status: 413,
        code: "payload_too_large",
        detail: "The input has more than 1 MiB."
    )
}
