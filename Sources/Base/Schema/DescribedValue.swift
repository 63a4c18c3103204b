/// A type whose values can be described to the people who send or receive them.
public protocol DescribedValue: Sendable {
    /// What values look like, such as `string, 2 to 100 characters`.
    static var rule: String { get }
}

extension DescribedValue where Self: CaseIterable & RawRepresentable, RawValue == String {
    /// The names of all cases.
    public static var rule: String {
        "one of " + allCases.map(\.rawValue).joined(separator: ", ")
    }
}

extension String: DescribedValue {
    public static var rule: String { "string" }
}

extension Int: DescribedValue {
    public static var rule: String { "integer" }
}

extension Int64: DescribedValue {
    public static var rule: String { "integer" }
}

extension Bool: DescribedValue {
    public static var rule: String { "boolean" }
}

extension UUID: DescribedValue {
    public static var rule: String { "uuid" }
}

extension ID: DescribedValue {
    public static var rule: String { UUID.rule }
}

extension Timestamp: DescribedValue {
    public static var rule: String { "RFC 3339 time" }
}

extension JSONText: DescribedValue {
    public static var rule: String { "any JSON value" }
}

extension Optional: DescribedValue where Wrapped: DescribedValue {
    public static var rule: String { "\(Wrapped.rule) or null" }
}

extension Array: DescribedValue where Element: DescribedValue {
    public static var rule: String { "array of \(Element.rule)" }
}
