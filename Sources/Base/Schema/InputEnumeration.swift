/// An enumeration of strings that is read from input by the exact names of its cases.
public protocol InputEnumeration: InputValue, CaseIterable, RawRepresentable where RawValue == String {}

extension InputEnumeration {
    public init(input: JSONValue) throws(Violations) {
        let name = try String(input: input).utf8
        // Not `init(rawValue:)`: a string equals others that look the same, such as one with a Kelvin sign for a K.
        guard let value = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) else {
            throw Violations(.invalidEnum, "must be \(Self.rule)")
        }
        self = value
    }
}
