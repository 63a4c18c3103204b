import Base

/// Tables of the large parts of a schema, so that a check of many values reads each part once.
///
/// A table is made when it is first needed. The hashes have a random seed for each process, so the authors of schemas and
/// answers cannot choose values that make a table slow.
struct SchemaLookups {
    /// Smaller objects are searched member by member.
    private static let small = 8

    private let root: JSONValue
    private var members: [Int: [String: JSONValue]] = [:]
    private var choices: [Int: Set<[UInt8]>] = [:]
    private var targets: [String: JSONValue] = [:]

    init(root: JSONValue) {
        self.root = root
    }

    /// The member of an object of the schema that has a key.
    mutating func member(_ key: String, of object: JSONValue, _ limit: inout WorkLimit) -> JSONValue? {
        guard object.count > Self.small else { return object[key] }
        if members[object.position] == nil {
            guard limit.take(object.count) else { return nil }
            members[object.position] = Dictionary(object.members.map { ($0.key, $0.value) }) { first, _ in first }
        }
        return members[object.position]?[key]
    }

    /// Whether an `enum` of the schema has a value.
    mutating func contains(_ value: JSONValue, in array: JSONValue, _ limit: inout WorkLimit) -> Bool {
        isOne(value, of: array.elements, at: array.position, &limit)
    }

    /// Whether a value is the `const` of the schema.
    mutating func isEqual(_ value: JSONValue, to constant: JSONValue, _ limit: inout WorkLimit) -> Bool {
        isOne(value, of: CollectionOfOne(constant), at: constant.position, &limit)
    }

    private mutating func isOne(
        _ value: JSONValue,
        of values: some Sequence<JSONValue>,
        at position: Int,
        _ limit: inout WorkLimit
    ) -> Bool {
        guard limit.take(value.text.bytes.count / 4 + 1) else { return false }
        let known = choices[position] ?? Set(values.map(\.normalForm))
        choices[position] = known
        return known.contains(value.normalForm)
    }

    /// The part of the schema that a reference points to.
    mutating func target(of reference: String, _ limit: inout WorkLimit) -> JSONValue? {
        if let target = targets[reference] { return target }
        var value = root
        for name in JSONValue.names(in: reference) ?? [] {
            guard let next = member(name, of: value, &limit) else { return nil }
            value = next
        }
        targets[reference] = value
        return value
    }
}

extension JSONValue {
    /// Bytes that are the same for equal values, whatever the order of members and the way numbers are written.
    fileprivate var normalForm: [UInt8] {
        switch kind {
        case .null, .bool: return text.bytes
        case .number:
            if let integer { return Array("\(integer)".utf8) }
            guard let double else { return text.bytes }
            return Array((Int(exactly: double).map(String.init) ?? "\(double)").utf8)
        case .string: return (string ?? "").jsonBytes
        case .array:
            return Array("[".utf8) + elements.map(\.normalForm).joined(separator: ",".utf8) + Array("]".utf8)
        case .object:
            let members = members.map { $0.key.jsonBytes + ":".utf8 + $0.value.normalForm }
                .sorted { $0.lexicographicallyPrecedes($1) }
            return Array("{".utf8) + members.joined(separator: ",".utf8) + Array("}".utf8)
        }
    }
}
