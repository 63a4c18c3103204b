public import Base

/// The inputs of `http:request`.
public struct HTTPRequestInputs: InputObject {
    /// The HTTP method.
    public enum Method: String, InputEnumeration, CustomStringConvertible {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"

        public var description: String { rawValue }
    }

    /// The request body.
    public enum Body: InputValue {
        /// A string, sent as it is.
        case text(String)
        /// Any other value, sent as JSON.
        case json(JSONText)

        public static var rule: String { "string that is sent as it is, or any other JSON value" }
        public static var form: ValueForm { .any }

        public init(input: JSONValue) throws(Violations) {
            self = if let text = input.string { .text(text) } else { .json(try JSONText(input: input)) }
        }
    }

    /// The HTTP method.
    public let method: Method

    /// The URL of the request.
    public let url: RequestURL

    /// The request headers, in addition to those that the tool sets.
    public let headers: [HeaderField]

    /// The request body; nil for none.
    public let body: Body?

    /// The statuses that count as success; nil for 200 to 299.
    public let expectedStatus: [Int]?

    /// The maximum size of the response body, in bytes.
    public let maxBytes: Int

    /// Whether a status counts as success.
    public func expects(_ status: Int) -> Bool {
        expectedStatus?.contains(status) ?? (200...299).contains(status)
    }

    public static let schema = Schema(
        .optional("method", Method.self, default: .get, "The HTTP method."),
        Field("url", RequestURL.self, "The URL of the request."),
        .optional("headers", HeaderFields.self, "The request headers, in addition to those that the tool sets."),
        .optional("body", Body.self, "The request body."),
        .optional("expectedStatus", StatusList.self, "The statuses that count as success; by default 200 to 299."),
        .integer("maxBytes", in: 1...1 << 20, default: 1 << 18, "The maximum size of the response body, in bytes."),
        into: { method, url, headers, body, expectedStatus, maxBytes throws(Violations) in
            guard body == nil || method != .get && method != .head else {
                throw Violations(Violation(field: "body", .invalidFormat, "must be absent with \(method)"))
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

/// A list of 1 to 20 HTTP statuses from 100 to 599.
private struct StatusList: InputValue {
    private struct Status: InputValue {
        static let range = IntegerRule(100...599)
        static var rule: String { range.description }
        static var form: ValueForm { range.form }

        let code: Int

        init(input: JSONValue) throws(Violations) {
            code = try Self.range.read(input)
        }
    }

    let all: [Int]

    static var rule: String { "array of \(Status.rule), 1 to 20 elements" }
    static var form: ValueForm { .array(Status.form, 1...20) }

    init(input: JSONValue) throws(Violations) {
        let list: [Status] = try ListRule(1...20).read(input)
        all = list.map(\.code)
    }
}

/// The URL of an HTTP request: absolute, `http` or `https`, in ASCII, without user and password.
public struct RequestURL: Hashable, InputValue, OutputValue, CustomStringConvertible {
    /// The URL as it was sent.
    public let description: String

    public static var rule: String { "http or https URL, at most 4096 bytes" }
    public static var form: ValueForm {
        .pattern(
            #"^[Hh][Tt][Tt][Pp][Ss]?://\#(URLAuthority.pattern)(?:[/?#][!-\[\]-~]*)?$"#,
            atMost: 4_096
        )
    }

    public init(input: JSONValue) throws(Violations) {
        let url = try String(input: input)
        guard url.utf8.count <= 4_096 else { throw Violations(.tooLong, "must have at most 4096 bytes") }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw Violations(.invalidCharacters, "must have visible ASCII characters only, and no backslash")
        }
        guard let scheme = ["https://", "http://"].first(where: { url.lowercasedASCII.utf8.starts(with: $0.utf8) })
        else {
            throw Violations(.invalidFormat, "must begin with http:// or https://")
        }
        let authority = url.utf8.dropFirst(scheme.utf8.count).prefix { !"/?#".utf8.contains($0) }
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw Violations(.invalidFormat, "must not contain a user or password; use a header with a secret")
        }
        guard URLAuthority.isValid(authority) else {
            throw Violations(.invalidFormat, "must have a host name or address, and a port from 1 to 65535 if any")
        }
        description = url
    }

    public func encode(to json: inout JSONWriter) {
        json.string(description)
    }
}

/// A header of an HTTP request (RFC 9110, section 5).
public struct HeaderField: Hashable, Sendable {
    /// The name as it was sent.
    public let name: String

    /// The value.
    public let value: String

    /// Headers that the tool sets itself, or that concern the connection.
    private static var reserved: [String] {
        [
            "host", "content-length", "transfer-encoding", "connection", "idempotency-key", "expect", "keep-alive",
            "proxy-authorization", "proxy-connection", "te", "traceparent", "tracestate", "trailer", "upgrade",
            "x-amzn-trace-id",
        ]
    }

    /// Makes a header.
    ///
    /// - Throws: `invalid_characters`, `too_long`, or `invalid_format` for a name that a plan cannot set.
    init(_ name: String, _ value: String) throws(Violations) {
        guard !name.isEmpty, name.utf8.count <= 100, name.utf8.allSatisfy(Self.isTokenCharacter) else {
            throw Violations(.invalidCharacters, "must be named by 1 to 100 letters, digits and -")
        }
        guard !Self.reserved.contains(name.lowercasedASCII) else {
            throw Violations(.invalidFormat, "is a header that the tool sets itself")
        }
        guard value.utf8.count <= 8_192 else { throw Violations(.tooLong, "must have at most 8192 bytes") }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw Violations(.invalidCharacters, "must not contain control characters")
        }
        self.name = name
        self.value = value
    }

    /// A regular expression for a name (RFC 9110, section 5.6.2).
    static var token: String { "[0-9A-Za-z!#$%&'*+.^_`|~-]+" }

    /// Whether a byte is allowed in a header name (RFC 9110, section 5.6.2).
    static func isTokenCharacter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

/// The request headers of a plan: at most 64, without duplicate names.
struct HeaderFields: InputValue {
    let all: [HeaderField]

    static var rule: String { "object of strings" }
    static var form: ValueForm {
        .map(.pattern(#"^[^\u0000-\u0008\u000A-\u001F\u007F]*$"#, atMost: 8_192), named: "^\(HeaderField.token)$")
    }

    init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        guard input.count <= 64 else { throw Violations(.tooMany, "must have at most 64 members") }
        var fields: [HeaderField] = []
        var names: Set<String> = []
        var violations: [Violation] = []
        for (name, value) in input.members {
            do throws(Violations) {
                fields.append(try HeaderField(name, try String(input: value)))
                guard names.insert(name.lowercasedASCII).inserted else {
                    throw Violations(.duplicate, "is a duplicate in another case")
                }
            } catch {
                violations += error.prefixed(with: String(String.UnicodeScalarView(name.unicodeScalars.prefix(64)))).all
            }
        }
        if let violations = Violations(violations) { throw violations }
        all = fields
    }
}
