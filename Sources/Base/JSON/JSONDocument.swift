/// One JSON text (RFC 8259) that has been read and found valid.
///
/// Reading is one pass over the bytes and stricter than the RFC asks: every text has at most one meaning. Duplicate
/// keys, U+0000 in any form, halves of surrogate pairs, invalid UTF-8 and byte order marks are refused. Strings and
/// numbers are checked but not converted until a ``JSONValue`` is asked for them.
public struct JSONDocument: Sendable {
    let bytes: [UInt8]
    let tape: [JSONNode]

    /// Reads one JSON text.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - limits: How much of it to accept.
    /// - Throws: The first fault found.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .event) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes, limits: limits)
        try parser.parse()
        self.bytes = bytes
        tape = parser.tape
    }

    /// The value that the text consists of.
    public var root: JSONValue { JSONValue(document: self, index: 0) }
}

/// One value or key on the tape of a ``JSONDocument``, in sixteen bytes.
///
/// The tape holds the values in the order of the text. A container is followed by its contents, a key by its value,
/// so a whole document is one array and reading it allocates nothing per value.
struct JSONNode: Sendable {
    enum Kind: UInt8 {
        case null, `false`, `true`, number, string, array, object
    }

    /// The largest text whose places and counts fit a node.
    static let maximumBytes = 1 << 28

    private let first: UInt32
    private var last: UInt32
    private var following: UInt32
    private var details: UInt32

    /// Makes the node of a value that has no contents on the tape.
    init(_ kind: Kind, from start: Int, to end: Int, at index: Int, hasEscapes: Bool = false) {
        first = UInt32(truncatingIfNeeded: start)
        last = UInt32(truncatingIfNeeded: end)
        following = UInt32(truncatingIfNeeded: index &+ 1)
        details = UInt32(kind.rawValue) | (hasEscapes ? 8 : 0)
    }

    var kind: Kind { Kind(rawValue: UInt8(truncatingIfNeeded: details & 7)) ?? .null }

    /// The offset of the first byte; inside the quotation marks for a string.
    var start: Int { Int(first) }

    /// The offset after the last byte; inside the quotation marks for a string.
    var end: Int { Int(last) }

    /// The index on the tape of what follows this value and its contents.
    var next: Int { Int(following) }

    /// Whether a string contains escape sequences.
    var hasEscapes: Bool { details & 8 != 0 }

    /// The elements of an array or the members of an object.
    var count: Int { Int(details >> 4) }

    mutating func addElement() {
        details &+= 16
    }

    mutating func close(at end: Int, next: Int) {
        last = UInt32(truncatingIfNeeded: end)
        following = UInt32(truncatingIfNeeded: next)
    }
}

/// One JSON value in the bytes it came in, for what is passed on rather than looked into.
public struct JSONText: Hashable, Sendable, JSONEncodable, CustomStringConvertible {
    /// The JSON, in UTF-8.
    public let bytes: [UInt8]

    /// Takes bytes that are known to be one JSON value.
    public init(trusted bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The JSON of a value.
    public init(_ value: some JSONEncodable) {
        bytes = value.jsonBytes
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public func encode(to json: inout JSONWriter) {
        json.raw(bytes)
    }
}

/// How much JSON is read before it is refused.
public struct JSONLimits: Hashable, Sendable {
    /// The most bytes of text; more than 256 MiB are never read.
    public var bytes: Int

    /// The most arrays and objects inside each other.
    public var depth: Int

    /// Makes limits from bytes of text and levels of nesting.
    public init(bytes: Int, depth: Int) {
        self.bytes = bytes
        self.depth = depth
    }

    /// The limits of an event: 1 MiB, 32 levels.
    public static let event = JSONLimits(bytes: 1 << 20, depth: 32)
}
