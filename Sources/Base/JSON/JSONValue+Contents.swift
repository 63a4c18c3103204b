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
