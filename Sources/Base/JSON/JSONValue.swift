/// A value of a ``JSONDocument``.
///
/// It is a reference into the document. Nothing is converted or copied until code reads it.
public struct JSONValue: Sendable {
    /// The six kinds of values (RFC 8259, section 3).
    public enum Kind: Sendable {
        case null, bool, number, string, array, object
    }

    let document: JSONDocument
    let index: Int

    var node: JSONNode { document.tape[index] }

    /// The place of the value in its document, which no other value of the document has.
    public var position: Int { index }

    /// What kind of value it is.
    public var kind: Kind {
        switch node.kind {
        case .null: .null
        case .true, .false: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// Whether the value is `null`.
    public var isNull: Bool { node.kind == .null }

    /// The value of a boolean, or nil for other kinds.
    public var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The characters of a string, or nil for other kinds.
    public var string: String? {
        stringBytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The characters of a string in UTF-8, or nil for other kinds.
    public var stringBytes: [UInt8]? {
        let node = node
        guard node.kind == .string else { return nil }
        guard node.hasEscapes else { return Array(document.bytes[node.start..<node.end]) }
        return Array(JSONEscape(node, in: document.bytes))
    }

    /// The exact value of a number without fraction and exponent.
    ///
    /// Nil for other kinds, for other numbers, and if the value does not fit.
    public var integer: Int? {
        node.kind == .number ? JSONNumber.integer(slice) : nil
    }

    /// Whether the value is a number without fraction and exponent.
    public var isWholeNumber: Bool {
        node.kind == .number && JSONNumber.isWhole(slice)
    }

    /// The nearest `Double` of a number.
    ///
    /// Nil for other kinds, and if it is infinite.
    public var double: Double? {
        node.kind == .number ? JSONNumber.double(slice) : nil
    }

    /// The JSON text of the value, as received.
    public var text: JSONText { JSONText(trusted: Array(slice)) }

    /// Whether every number in the value is within the range of `Double` and has at most 400 decimals.
    ///
    /// Postgres rejects larger numbers in a `jsonb` and prints smaller ones in full. Check this before a value is
    /// stored unchanged.
    public var hasOnlyStorableNumbers: Bool {
        for node in document.tape[index..<node.next] where node.kind == .number {
            guard JSONNumber.isStorable(document.bytes[node.start..<node.end]) else { return false }
        }
        return true
    }

    private var slice: ArraySlice<UInt8> {
        let node = node
        let quotationMark = node.kind == .string ? 1 : 0
        return document.bytes[node.start - quotationMark..<node.end + quotationMark]
    }
}

extension JSONValue {
    /// The number of elements of an array or members of an object; zero for other kinds.
    public var count: Int { node.count }

    /// The member of an object with this key, or nil if there is none or the value is not an object.
    public subscript(key: String) -> JSONValue? {
        var members = Members(self)
        var found: JSONValue?
        while let member = members.nextIndex() {
            if JSONKeys.isEqual(document.tape[member], to: key, in: document.bytes) {
                found = JSONValue(document: document, index: member + 1)
                if !document.hasDuplicates { break }
            }
        }
        return found
    }

    /// The elements of an array, in order; empty for other kinds.
    public var elements: Elements { Elements(self) }

    /// The members of an object, in order; empty for other kinds.
    public var members: Members { Members(self) }

    /// The elements of an array.
    public struct Elements: Sequence, IteratorProtocol, Sendable {
        private let document: JSONDocument
        private var index: Int
        private let end: Int

        init(_ value: JSONValue) {
            let node = value.node
            document = value.document
            index = value.index + 1
            end = node.kind == .array ? node.next : index
        }

        public mutating func next() -> JSONValue? {
            guard index < end else { return nil }
            defer { index = document.tape[index].next }
            return JSONValue(document: document, index: index)
        }
    }

    /// The members of an object.
    public struct Members: Sequence, IteratorProtocol, Sendable {
        private let document: JSONDocument
        private var index: Int
        private let end: Int

        init(_ value: JSONValue) {
            let node = value.node
            document = value.document
            index = value.index + 1
            end = node.kind == .object ? node.next : index
        }

        public mutating func next() -> (key: String, value: JSONValue)? {
            guard let index = nextIndex(), let key = JSONValue(document: document, index: index).string else {
                return nil
            }
            return (key, JSONValue(document: document, index: index + 1))
        }

        /// The index of the next key on the tape.
        ///
        /// The key's value follows it.
        mutating func nextIndex() -> Int? {
            guard index < end else { return nil }
            defer { index = document.tape[index + 1].next }
            return index
        }
    }
}
