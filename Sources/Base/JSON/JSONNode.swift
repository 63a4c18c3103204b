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
