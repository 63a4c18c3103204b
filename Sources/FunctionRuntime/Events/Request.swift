import Base

/// A decoded request, independent of the transport.
struct Request: Sendable {
    /// The format of the request, which determines the format of the response.
    enum Form: Equatable, Sendable {
        /// The input itself.
        case direct
        /// `{"headers":{…},"body":…}`.
        case envelope
        /// API Gateway HTTP API, payload version 2.0, and Lambda function URLs.
        case apiGatewayV2
        /// API Gateway REST API, payload version 1.0.
        case apiGatewayV1
        /// Application Load Balancer. The response's headers must have the same shape as the request's.
        case loadBalancer(multiValue: Bool)
        /// A request that the transport describes by itself, as CGI does. The transport also writes the answer.
        case web
        /// SQS; it wants to know which messages are to come again.
        case messages(MessageBatch)

        /// Whether a platform wrapped the input.
        ///
        /// The response format then reports errors itself.
        var isWrapped: Bool { self != .direct && self != .envelope }

        /// Whether the request is one of HTTP.
        var isHTTP: Bool {
            switch self {
            case .apiGatewayV1, .apiGatewayV2, .loadBalancer, .web: true
            case .direct, .envelope, .messages: false
            }
        }
    }

    /// The batch of messages, if the request comes from a queue.
    var messages: MessageBatch? {
        if case .messages(let batch) = form { batch } else { nil }
    }

    /// The input before it is parsed.
    enum Body: Sendable {
        /// A value of the event.
        case value(JSONValue)
        /// A text inside the event, which should be JSON.
        case text([UInt8])
        /// A body that is not valid base64.
        case undecodable
    }

    let form: Form
    var method = "POST"

    /// The path of the URL; nil if the request has none.
    var path: String?
    var headers = Headers()
    var body: Body

    /// The event whose data the body is, if it was one.
    var cloudEvent: CloudEvent?

    /// The address of the peer, as the platform reports it.
    var sourceIP: String?

    /// The platform's identifier of the request.
    var platformRequestID: String?

    /// The claims that a preceding JWT authorizer reports as verified.
    ///
    /// They are trusted only if the operator configures it.
    var authorizerClaims: JSONValue?

    /// The methods of requests that have no body and change nothing.
    static let readingMethods = ["GET", "HEAD"]

    /// The input as JSON.
    ///
    /// - Parameter orEmpty: Whether an empty body stands for `{}`.
    /// - Returns: The value.
    /// - Throws: 400 `malformed_json` or 413 `payload_too_large`.
    func input(orEmpty: @autoclosure () -> Bool = false) throws(Problem) -> JSONValue {
        if Self.readingMethods.contains(method) { return try JSONDocument(event: Array("{}".utf8)).root }
        switch body {
        case .value(let value): return value
        case .text(let bytes) where bytes.isEmpty && orEmpty(): return try JSONDocument(event: Array("{}".utf8)).root
        case .text(let bytes): return try JSONDocument(event: bytes).root
        case .undecodable: throw Problem(status: 400, code: "malformed_json", detail: "The body is not valid base64.")
        }
    }
}

extension JSONLimits {
    /// The limits of an event that wraps an input.
    ///
    /// Lambda delivers up to 6 MiB, including headers and escape sequences.
    static let wrappedEvent = JSONLimits(bytes: 7 << 20, depth: JSONLimits.event.depth)
}

extension JSONDocument {
    /// Parses JSON from a caller.
    ///
    /// - Throws: A `Problem` with status 400 and code `malformed_json`, or with status 413 and code
    ///   `payload_too_large`.
    init(event bytes: [UInt8], limits: JSONLimits = .event) throws(Problem) {
        do throws(JSONSyntaxError) {
            try self.init(parsing: bytes, limits: limits)
        } catch {
            guard error.reason != .tooLarge else { throw .payloadTooLarge }
            throw Problem(status: 400, code: "malformed_json", detail: "The request body is not valid JSON: \(error).")
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

/// The header fields of a request (RFC 9110, section 5).
///
/// Names are case-insensitive.
struct Headers: Sendable {
    private struct Field {
        let name: String
        let value: String
    }

    private var fields: [Field] = []

    /// Adds a field.
    ///
    /// The name is stored in lower case.
    mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name.lowercasedASCII, value: value))
    }

    /// All values of a field, in the order of arrival.
    func values(of name: String) -> [String] {
        fields.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
    }

    /// The value of a field that occurs exactly once, or nil.
    subscript(_ name: String) -> String? {
        let values = values(of: name)
        return values.count == 1 ? values[0] : nil
    }
}

/// The caller's identifier of a call, so that a retry has no further effect
/// (draft-ietf-httpapi-idempotency-key-header).
enum IdempotencyKey {
    static let header = "idempotency-key"

    static let refused = Problem(
        status: 400,
        code: "invalid_idempotency_key",
        detail: "Idempotency-Key must be one value of 1 to 255 visible ASCII characters."
    )

    /// The key of a request, bare or as a quoted string (RFC 8941, section 3.3.3).
    ///
    /// Returns nil if there is none.
    ///
    /// - Throws: A `Problem` with status 400 and code `invalid_idempotency_key` if there is more than one key or the
    ///   key is malformed.
    static func find(in headers: Headers) throws(Problem) -> String? {
        let values = headers.values(of: header) + headers.values(of: "x-idempotency-key")
        guard let value = values.first else { return nil }
        let quote = UInt8(ascii: "\"")
        var key = value.utf8[...]
        if key.count >= 2, key.first == quote, key.last == quote { key = key.dropFirst().dropLast() }
        guard values.count == 1, (1...255).contains(key.count),
            key.allSatisfy({ (0x21...0x7E).contains($0) && $0 != quote })
        else { throw refused }
        return String(Substring(key))
    }
}
