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

/// Where an HTTP request goes: an absolute URL with `http` or `https`, in ASCII, without a user and a password.
public struct RequestURL: Hashable, InputValue, OutputValue, CustomStringConvertible {
    /// The URL as it was written.
    public let description: String

    public static var rule: String { "http or https URL, at most 4096 bytes" }

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
            throw Violations(.invalidFormat, "must not contain a user and a password: a header can have a secret")
        }
        guard let first = authority.first, first != UInt8(ascii: ":") else {
            throw Violations(.invalidFormat, "must name a host")
        }
        description = url
    }

    public func encode(to json: inout JSONWriter) {
        json.string(description)
    }
}

/// A field of an HTTP request's head (RFC 9110, section 5).
public struct HeaderField: Hashable, Sendable {
    /// Its name, as it was written.
    public let name: String

    /// Its value.
    public let value: String

    /// What the client says itself, or what would speak for the connection rather than for the request.
    private static var reserved: [String] {
        [
            "host", "content-length", "transfer-encoding", "connection", "idempotency-key", "expect", "keep-alive",
            "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade",
        ]
    }

    /// Takes a field.
    ///
    /// - Throws: `invalid_characters`, `too_long`, or `invalid_format` for a name that is not the plan's to say.
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

    /// Whether a byte may be in a name (RFC 9110, section 5.6.2).
    static func isTokenCharacter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

/// The fields of a request's head that a plan may set: at most 64, each name once.
struct HeaderFields: InputValue {
    let all: [HeaderField]

    static var rule: String { "object of strings" }

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
                    throw Violations(.duplicate, "is there in another case")
                }
            } catch {
                violations += error.prefixed(with: String(String.UnicodeScalarView(name.unicodeScalars.prefix(64)))).all
            }
        }
        if let violations = Violations(violations) { throw violations }
        all = fields
    }
}
