/// Parses a JSON text (RFC 8259) into a tape of nodes.
///
/// It keeps open containers on its own stack, so deep nesting cannot overflow the stack of the process.
struct JSONParser {
    private(set) var tape: [JSONNode] = []

    private let bytes: [UInt8]
    private let limits: JSONLimits
    private let allowsDuplicates: Bool
    private var position = 0
    private var open: [Int] = []

    init(_ bytes: [UInt8], limits: JSONLimits, allowsDuplicates: Bool = false) {
        self.bytes = bytes
        self.limits = limits
        self.allowsDuplicates = allowsDuplicates
    }

    /// Parses the whole text.
    mutating func parse() throws(JSONSyntaxError) {
        guard bytes.count <= min(limits.bytes, JSONNode.maximumBytes) else {
            throw JSONSyntaxError(.tooLarge, at: min(limits.bytes, JSONNode.maximumBytes))
        }
        try refuseByteOrderMarks()
        guard nextByte() != nil else { throw JSONSyntaxError(.empty, at: position) }
        tape.reserveCapacity(min(bytes.count / 5 + 4, 4096))
        try value()
        while let container = open.last {
            if tape[container].kind == .object {
                try member(of: container)
            } else {
                try element(of: container)
            }
        }
        guard nextByte() == nil else { throw JSONSyntaxError(.trailingData, at: position) }
    }
}

// MARK: - Values

extension JSONParser {
    /// Parses a scalar or opens a container.
    private mutating func value() throws(JSONSyntaxError) {
        guard let byte = nextByte() else { throw JSONSyntaxError(.unexpectedEnd, at: position) }
        switch byte {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "{"): try open(.object)
        case UInt8(ascii: "["): try open(.array)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let end = try JSONNumber.end(in: bytes, from: position)
            append(.number, to: end)
        case UInt8(ascii: "t"): try literal("true", .true)
        case UInt8(ascii: "f"): try literal("false", .false)
        case UInt8(ascii: "n"): try literal("null", .null)
        default: throw JSONSyntaxError(.unexpectedByte, at: position)
        }
    }

    private mutating func append(_ kind: JSONNode.Kind, to end: Int) {
        tape.append(JSONNode(kind, from: position, to: end, at: tape.count))
        position = end
    }

    private mutating func literal(_ text: String, _ kind: JSONNode.Kind) throws(JSONSyntaxError) {
        let end = position &+ text.utf8.count
        for (offset, expected) in text.utf8.enumerated() {
            let index = position &+ offset
            guard index < bytes.count else { throw JSONSyntaxError(.unexpectedEnd, at: index) }
            guard bytes[index] == expected else { throw JSONSyntaxError(.unexpectedByte, at: index) }
        }
        append(kind, to: end)
    }

    private mutating func string() throws(JSONSyntaxError) {
        let string = try JSONString(validating: bytes, from: position &+ 1)
        tape.append(
            JSONNode(.string, from: position &+ 1, to: string.end, at: tape.count, hasEscapes: string.hasEscapes)
        )
        position = string.end &+ 1
    }
}

// MARK: - Containers

extension JSONParser {
    private mutating func open(_ kind: JSONNode.Kind) throws(JSONSyntaxError) {
        guard open.count < limits.depth else { throw JSONSyntaxError(.tooDeep, at: position) }
        open.append(tape.count)
        append(kind, to: position &+ 1)
    }

    private mutating func close(_ container: Int) {
        position &+= 1
        tape[container].close(at: position, next: tape.count)
        open.removeLast()
    }

    /// Parses the next element of an array, or its closing bracket.
    private mutating func element(of array: Int) throws(JSONSyntaxError) {
        let end = UInt8(ascii: "]")
        guard try hasNext(in: array, until: end) else { return close(array) }
        guard nextByte() != end else { throw JSONSyntaxError(.trailingComma, at: position) }
        tape[array].addElement()
        try value()
    }

    /// Parses the next member of an object, or its closing brace.
    private mutating func member(of object: Int) throws(JSONSyntaxError) {
        let end = UInt8(ascii: "}")
        guard try hasNext(in: object, until: end) else {
            close(object)
            if !allowsDuplicates { try JSONKeys.refuseDuplicates(of: object, on: tape, in: bytes) }
            return
        }
        guard let byte = nextByte() else { throw JSONSyntaxError(.unexpectedEnd, at: position) }
        guard byte == UInt8(ascii: "\"") else {
            throw JSONSyntaxError(byte == end ? .trailingComma : .unexpectedByte, at: position)
        }
        try string()
        guard let colon = nextByte() else { throw JSONSyntaxError(.unexpectedEnd, at: position) }
        guard colon == UInt8(ascii: ":") else { throw JSONSyntaxError(.unexpectedByte, at: position) }
        position &+= 1
        tape[object].addElement()
        try value()
    }

    /// Whether another item follows.
    ///
    /// Skips the comma between two items.
    private mutating func hasNext(in container: Int, until end: UInt8) throws(JSONSyntaxError) -> Bool {
        guard let byte = nextByte() else { throw JSONSyntaxError(.unexpectedEnd, at: position) }
        if byte == end { return false }
        guard tape[container].count > 0 else { return true }
        guard byte == UInt8(ascii: ",") else { throw JSONSyntaxError(.unexpectedByte, at: position) }
        position &+= 1
        return true
    }
}

// MARK: - Bytes

extension JSONParser {
    /// The next byte that is not white space.
    ///
    /// The position stays at that byte.
    private mutating func nextByte() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position &+= 1
        }
        return nil
    }

    /// RFC 8259, section 8.1, lets a parser ignore a byte order mark.
    ///
    /// It is rejected, because later readers of the text may handle it differently.
    private func refuseByteOrderMarks() throws(JSONSyntaxError) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw JSONSyntaxError(.byteOrderMark, at: 0) }
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) {
            throw JSONSyntaxError(.notUTF8, at: 0)
        }
    }
}
