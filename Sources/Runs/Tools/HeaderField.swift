import Base

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
