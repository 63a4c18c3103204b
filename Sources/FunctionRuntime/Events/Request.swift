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
        /// A web server's own, by CGI or FastCGI. The transport renders the answer.
        case web
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

    /// The path of the URL; nil if the request has none.
    var path: String?
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
    /// - Parameter orEmpty: Whether an empty body stands for `{}`.
    /// - Returns: The value.
    /// - Throws: 400 `malformed_json` or 413 `payload_too_large`.
    func input(orEmpty: Bool = false) throws(Problem) -> JSONValue {
        if method == "GET" { return try JSONDocument(event: Array("{}".utf8)).root }
        switch body {
        case .value(let value): return value
        case .text(let bytes) where orEmpty && bytes.isEmpty: return try JSONDocument(event: Array("{}".utf8)).root
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

/// The header fields of a request (RFC 9110, section 5), found by name without regard to case.
struct Headers: Sendable {
    private struct Field {
        let name: String
        let value: String
    }

    private var fields: [Field] = []

    /// Adds a field; names are kept in lower case.
    mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name.lowercasedASCII, value: value))
    }

    /// Every value of a field, in the order they came.
    func values(of name: String) -> [String] {
        fields.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
    }

    /// The value of a field that is there exactly once.
    subscript(_ name: String) -> String? {
        let values = values(of: name)
        return values.count == 1 ? values[0] : nil
    }
}

/// What a caller calls a call, so that sending it again does nothing again
/// (draft-ietf-httpapi-idempotency-key-header).
enum IdempotencyKey {
    static let header = "idempotency-key"

    static let refused = Problem(
        status: 400,
        code: "invalid_idempotency_key",
        detail: "Idempotency-Key must be one value of 1 to 255 visible ASCII characters."
    )

    /// The key of a request, bare or as a quoted string (RFC 8941, section 3.3.3); nil where there is none.
    ///
    /// - Throws: 400 `invalid_idempotency_key` for more than one, and for one that is none.
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

/// The trace that a call is part of.
enum TraceContext {
    /// The trace id of a `traceparent` header (W3C Trace Context, section 3.2); nil when it is malformed.
    static func traceID(traceparent: String) -> String? {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        // A later version may have more parts.
        guard parts.count == 4 || parts.count > 4 && parts[0] != "00",
            parts[0].utf8.count == 2, parts[0].isLowercaseHexadecimal, parts[0] != "ff",
            parts[2].utf8.count == 16, parts[2].isLowercaseHexadecimal
        else { return nil }
        return validated(parts[1])
    }

    /// The trace id of AWS X-Ray's `Root=1-8hex-24hex;Parent=…;Sampled=…`, in W3C form.
    static func traceID(xray header: String) -> String? {
        for field in header.split(separator: ";") {
            let parts = field.drop { $0 == " " }.split(separator: "-", omittingEmptySubsequences: false)
            if parts.count == 3, parts[0] == "Root=1", parts[1].utf8.count == 8 {
                return validated(parts[1] + parts[2])
            }
        }
        return nil
    }

    private static func validated(_ id: Substring) -> String? {
        guard id.utf8.count == 32, id.isLowercaseHexadecimal, id.contains(where: { $0 != "0" }) else { return nil }
        return String(id)
    }
}

extension Substring {
    fileprivate var isLowercaseHexadecimal: Bool {
        utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
