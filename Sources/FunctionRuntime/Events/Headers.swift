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

extension String {
    /// The text with A to Z in lower case and all else as it is: `lowercased()` would turn a Kelvin sign into a k.
    var lowercasedASCII: String {
        String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
