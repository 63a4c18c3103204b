import Base

/// The header fields of a request (RFC 9110, section 5), found by name without regard to case.
struct Headers: Sendable {
    private struct Field {
        let name: String
        let value: String
    }

    private var fields: [Field] = []

    /// Adds a field; names are kept in lower case.
    mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name.lowercasedASCII, value: value))
    }

    /// Every value of a field, in the order they came.
    func values(of name: String) -> [String] {
        fields.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
    }

    /// The value of a field that is there exactly once.
    subscript(_ name: String) -> String? {
        let values = values(of: name)
        return values.count == 1 ? values[0] : nil
    }
}
