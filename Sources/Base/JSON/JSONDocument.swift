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
