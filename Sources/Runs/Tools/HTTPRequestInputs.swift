public import Base

/// What `http:request` is given.
public struct HTTPRequestInputs: InputObject {
    /// What can be asked of a server.
    public enum Method: String, InputEnumeration, CustomStringConvertible {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"

        public var description: String { rawValue }
    }

    /// What is sent.
    public enum Body: InputValue {
        /// A string, as it is.
        case text(String)
        /// Anything else, as JSON.
        case json(JSONText)

        public static var rule: String { "string that is sent as it is, or any other JSON value" }

        public init(input: JSONValue) throws(Violations) {
            self = if let text = input.string { .text(text) } else { .json(try JSONText(input: input)) }
        }
    }

    /// What is asked of the server.
    public let method: Method

    /// Where the request goes.
    public let url: RequestURL

    /// What its head says beside what the tool says itself.
    public let headers: [HeaderField]

    /// What is sent.
    public let body: Body?

    /// The statuses that mean success; nil for 200 to 299.
    public let expectedStatus: [Int]?

    /// The longest answer that is read, in bytes.
    public let maxBytes: Int

    /// Whether a status means success.
    public func expects(_ status: Int) -> Bool {
        expectedStatus?.contains(status) ?? (200...299).contains(status)
    }

    public static let schema = Schema(
        .optional("method", Method.self, default: .get, "What is asked of the server."),
        Field("url", RequestURL.self, "Where the request goes."),
        .optional("headers", HeaderFields.self, "What its head says beside what the tool says itself."),
        .optional("body", Body.self, "What is sent."),
        .optional("expectedStatus", StatusList.self, "The statuses that mean success; 200 to 299 by default."),
        .integer("maxBytes", in: 1...1 << 20, default: 1 << 18, "The longest answer that is read."),
        into: { method, url, headers, body, expectedStatus, maxBytes throws(Violations) in
            guard body == nil || method != .get && method != .head else {
                throw Violations(Violation(field: "body", .invalidFormat, "must not be there with \(method)"))
            }
            return HTTPRequestInputs(
                method: method,
                url: url,
                headers: headers?.all ?? [],
                body: body,
                expectedStatus: expectedStatus?.all,
                maxBytes: maxBytes
            )
        }
    )
}

/// Statuses of HTTP: 1 to 20 of 100 to 599.
private struct StatusList: InputValue {
    private struct Status: InputValue {
        static let range = IntegerRule(100...599)
        static var rule: String { range.description }

        let code: Int

        init(input: JSONValue) throws(Violations) {
            code = try Self.range.read(input)
        }
    }

    let all: [Int]

    static var rule: String { "array of \(Status.rule), 1 to 20 elements" }

    init(input: JSONValue) throws(Violations) {
        let list: [Status] = try ListRule(1...20).read(input)
        all = list.map(\.code)
    }
}
