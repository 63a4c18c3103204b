/// A valid JSON text (RFC 8259) that is parsed.
///
/// Parsing is one pass over the bytes. It is stricter than the RFC, so that every accepted text has exactly one
/// meaning. It rejects duplicate keys, U+0000 in any form, lone surrogates, invalid UTF-8 and byte order marks. Strings
/// and numbers are validated at once, but converted only when a ``JSONValue`` reads them.
public struct JSONDocument: Sendable {
    let bytes: [UInt8]
    let tape: [JSONNode]

    /// Whether an object may have a key twice, of which the last one counts.
    let hasDuplicates: Bool

    /// Parses one JSON text.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - limits: The maximum size and depth.
    /// - Throws: The first error in the text.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .event) throws(JSONSyntaxError) {
        try self.init(bytes, limits: limits, allowsDuplicates: false)
    }

    /// Parses the answer of another server, which need not be strict.
    ///
    /// Of a key that occurs twice the last value counts. U+FFFD replaces what no text may contain: U+0000, lone
    /// surrogates and invalid UTF-8. `null` replaces `NaN` and `Infinity`, and a byte order mark is ignored.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - limits: The maximum size and depth.
    /// - Throws: The first error in the text that is not one of these.
    public init(lenient bytes: [UInt8], limits: JSONLimits) throws(JSONSyntaxError) {
        do throws(JSONSyntaxError) {
            try self.init(parsing: bytes, limits: limits)
        } catch {
            guard bytes.count <= limits.bytes else { throw error }
            let repaired = JSONRepair.repair(bytes)
            let limits = JSONLimits(bytes: JSONNode.maximumBytes, depth: limits.depth)
            try self.init(repaired, limits: limits, allowsDuplicates: true)
        }
    }

    private init(_ bytes: [UInt8], limits: JSONLimits, allowsDuplicates: Bool) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes, limits: limits, allowsDuplicates: allowsDuplicates)
        try parser.parse()
        self.bytes = bytes
        tape = parser.tape
        hasDuplicates = allowsDuplicates
    }

    /// The top-level value.
    public var root: JSONValue { JSONValue(document: self, index: 0) }
}

/// A value or key on the tape of a ``JSONDocument``, in sixteen bytes.
///
/// The tape contains the values in the order of the text. The contents of a container follow the container, and a value
/// follows its key. Therefore a document is a single array, and parsing needs no allocation for each value.
struct JSONNode: Sendable {
    enum Kind: UInt8 {
        case null, `false`, `true`, number, string, array, object
    }

    /// The largest text in bytes whose offsets and counts fit into a node.
    static let maximumBytes = 1 << 28

    private let first: UInt32
    private var last: UInt32
    private var following: UInt32
    private var details: UInt32

    /// Creates the node of a value that has no contents on the tape.
    init(_ kind: Kind, from start: Int, to end: Int, at index: Int, hasEscapes: Bool = false) {
        first = UInt32(truncatingIfNeeded: start)
        last = UInt32(truncatingIfNeeded: end)
        following = UInt32(truncatingIfNeeded: index &+ 1)
        details = UInt32(kind.rawValue) | (hasEscapes ? 8 : 0)
    }

    var kind: Kind { Kind(rawValue: UInt8(truncatingIfNeeded: details & 7)) ?? .null }

    /// The offset of the first byte.
    ///
    /// For a string it is the byte after the opening quotation mark.
    var start: Int { Int(first) }

    /// The offset after the last byte.
    ///
    /// For a string it is the offset of the closing quotation mark.
    var end: Int { Int(last) }

    /// The index of the first node after this value and its contents.
    var next: Int { Int(following) }

    /// Whether a string contains escape sequences.
    var hasEscapes: Bool { details & 8 != 0 }

    /// The number of elements of an array or members of an object.
    var count: Int { Int(details >> 4) }

    mutating func addElement() {
        details &+= 16
    }

    mutating func close(at end: Int, next: Int) {
        last = UInt32(truncatingIfNeeded: end)
        following = UInt32(truncatingIfNeeded: next)
    }
}

/// The JSON text of a value, for code that passes the value on without reading it.
public struct JSONText: Hashable, Sendable, JSONEncodable, CustomStringConvertible {
    /// The JSON, in UTF-8.
    public let bytes: [UInt8]

    /// Wraps bytes that are known to be one valid JSON value.
    public init(trusted bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Encodes a value.
    public init(_ value: some JSONEncodable) {
        bytes = value.jsonBytes
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public func encode(to json: inout JSONWriter) {
        json.raw(bytes)
    }
}

/// The limits for parsing JSON.
public struct JSONLimits: Hashable, Sendable {
    /// The maximum size in bytes.
    ///
    /// Texts above 256 MiB are always rejected.
    public var bytes: Int

    /// The maximum nesting depth of arrays and objects.
    public var depth: Int

    public init(bytes: Int, depth: Int) {
        self.bytes = bytes
        self.depth = depth
    }

    /// The limits of an event: 1 MiB, 32 levels.
    public static let event = JSONLimits(bytes: 1 << 20, depth: 32)
}
