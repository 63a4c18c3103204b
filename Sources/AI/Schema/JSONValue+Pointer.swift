import Base

extension JSONValue {
    /// What a reference such as `#/$defs/name` points to, if it is an object or a truth value in this one.
    func target(of reference: String) -> JSONValue? {
        guard reference.utf8.first == UInt8(ascii: "#") else { return nil }
        let tokens = reference.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard tokens.first?.isEmpty ?? true else { return nil }
        var value = self
        for token in tokens.dropFirst() {
            guard let next = value[String(token).unescapedFromPointer] else { return nil }
            value = next
        }
        return value.kind == .object || value.kind == .bool ? value : nil
    }

    /// Whether two values are the same, whatever the order of members and the way numbers are written.
    func isEqual(to other: JSONValue) -> Bool {
        guard kind == other.kind else { return false }
        switch kind {
        case .null:
            return true
        case .bool:
            return bool == other.bool
        case .number:
            if let left = integer, let right = other.integer { return left == right }
            return double == other.double
        case .string:
            return stringBytes == other.stringBytes
        case .array:
            return count == other.count && zip(elements, other.elements).allSatisfy { $0.isEqual(to: $1) }
        case .object:
            return count == other.count
                && members.allSatisfy { key, value in other[key].map { value.isEqual(to: $0) } ?? false }
        }
    }
}

extension String {
    /// The name as a part of a JSON Pointer (RFC 6901, section 3).
    var escapedForPointer: String {
        utf8.contains { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }
            ? replacing(text: "~", by: "~0").replacing(text: "/", by: "~1") : self
    }

    /// The name that a part of a JSON Pointer stands for.
    fileprivate var unescapedFromPointer: String {
        replacing(text: "~1", by: "/").replacing(text: "~0", by: "~")
    }
}
