/// One value of a ``JSONDocument``.
///
/// A value is a place in its document: nothing is converted or copied until it is asked for.
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

    /// The value of `true` and `false`; nil for all else.
    public var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The characters of a string; nil for all else.
    public var string: String? {
        stringBytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The characters of a string in UTF-8; nil for all else.
    public var stringBytes: [UInt8]? {
        let node = node
        guard node.kind == .string else { return nil }
        guard node.hasEscapes else { return Array(document.bytes[node.start..<node.end]) }
        return Array(JSONEscape(node, in: document.bytes))
    }

    /// The exact value of a number that is written without fraction and exponent; nil for all else and where it does
    /// not fit.
    public var integer: Int? {
        node.kind == .number ? JSONNumber.integer(slice) : nil
    }

    /// Whether the value is a number that is written without fraction and exponent.
    public var isWholeNumber: Bool {
        node.kind == .number && JSONNumber.isWhole(slice)
    }

    /// The nearest value of a number; nil for all else and where it is infinite.
    public var double: Double? {
        node.kind == .number ? JSONNumber.double(slice) : nil
    }

    /// The value in the bytes it came in.
    public var text: JSONText { JSONText(trusted: Array(slice)) }

    /// Whether every number in the value has the size of a `Double`, and at most 400 digits after the point.
    ///
    /// Postgres refuses larger numbers in a `jsonb` and prints smaller ones in full, so a value that is stored as it
    /// came must be asked first.
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
    /// The elements of an array or the members of an object; zero for all else.
    public var count: Int { node.count }

    /// The member of an object that has this key; nil if none has, and for all else.
    public subscript(key: String) -> JSONValue? {
        var members = Members(self)
        while let member = members.nextIndex() {
            if JSONKeys.isEqual(document.tape[member], to: key, in: document.bytes) {
                return JSONValue(document: document, index: member + 1)
            }
        }
        return nil
    }

    /// The elements of an array, in order; empty for all else.
    public var elements: Elements { Elements(self) }

    /// The members of an object, in order; empty for all else.
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

        /// The index of the next key on the tape; its value follows it.
        mutating func nextIndex() -> Int? {
            guard index < end else { return nil }
            defer { index = document.tape[index + 1].next }
            return index
        }
    }
}
