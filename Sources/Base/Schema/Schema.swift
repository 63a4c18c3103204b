/// The fields of an input.
///
/// One declaration parses, validates and describes the input.
///
/// ```swift
/// static let schema = Schema(
///     Field("name", TeamName.self, "The team's name."),
///     .optional("slug", Slug.self, "The name in addresses; made from the name by default."),
///     into: Self.init
/// )
/// ```
public struct Schema<Value>: Sendable {
    private let describe: @Sendable () -> [FieldDescription]
    private let read: @Sendable (JSONValue) throws(Violations) -> Value

    /// Whether the object may have other members.
    let isOpen: Bool

    /// Creates a schema.
    ///
    /// - Parameters:
    ///   - field: The fields. Other members are rejected.
    ///   - isOpen: Whether other members are ignored instead.
    ///   - make: Creates the value of an input whose fields are all valid. It checks rules that concern several fields
    ///     and throws their violations. Such a closure needs an explicit type: `{ first, second throws(Violations) in`.
    public init<each Member>(
        _ field: repeat Field<each Member>,
        isOpen: Bool = false,
        into make: @escaping @Sendable (repeat each Member) throws(Violations) -> Value
    ) {
        self.isOpen = isOpen
        describe = {
            var fields: [FieldDescription] = []
            for field in repeat each field { fields.append(field.description) }
            return fields
        }
        read = { input throws(Violations) in
            var names: [String] = []
            for field in repeat each field { names.append(field.name) }
            var violations = isOpen ? [] : input.violations(byMembersOtherThan: names)
            do throws(Violations) {
                if let violations = Violations(violations) { throw violations }
                return try make(repeat try (each field).read(input))
            } catch {
                // Most inputs are valid and are passed directly to `make`. An invalid input is read a second time to
                // collect all violations.
                for field in repeat each field { violations += field.violations(in: input) }
                throw Violations(violations) ?? error
            }
        }
    }

    /// The descriptions of the fields, in the order of their declaration.
    public var fields: [FieldDescription] { describe() }

    /// Parses and validates an input.
    ///
    /// - Throws: `invalid_type` if the input is not an object. Otherwise every rule that a field violates, and
    ///   `unknown_field` for members that are not fields.
    public func decode(_ input: JSONValue) throws(Violations) -> Value {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        return try read(input)
    }
}

extension JSONValue {
    /// One violation for each unknown member, up to the maximum number of reported violations.
    fileprivate func violations(byMembersOtherThan names: [String]) -> [Violation] {
        var violations: [Violation] = []
        var members = members
        while let index = members.nextIndex(), violations.count < Violations.limit {
            let key = JSONValue(document: document, index: index)
            guard !names.contains(where: { JSONKeys.isEqual(key.node, to: $0, in: document.bytes) }) else { continue }
            let name = String(String.UnicodeScalarView((key.string ?? "").unicodeScalars.prefix(64)))
            violations.append(Violation(field: name, .unknownField, "is not a field of this input"))
        }
        return violations
    }
}

/// A type whose values can be described in help and documentation.
public protocol DescribedValue: Sendable {
    /// The format of the values, such as `string, 2 to 100 characters`.
    static var rule: String { get }

    /// The same in the terms of JSON Schema.
    static var form: ValueForm { get }
}

extension DescribedValue where Self: CaseIterable & RawRepresentable, RawValue == String {
    /// The names of all cases.
    public static var rule: String {
        "one of " + allCases.map(\.rawValue).joined(separator: ", ")
    }

    public static var form: ValueForm { .names(allCases.map(\.rawValue)) }
}

extension String: DescribedValue {
    public static var rule: String { "string" }
    public static var form: ValueForm { .string() }
}

extension Int: DescribedValue {
    public static var rule: String { "integer" }
    public static var form: ValueForm { .integer(Int.min...Int.max) }
}

extension Int64: DescribedValue {
    public static var rule: String { "integer" }
    public static var form: ValueForm { Int.form }
}

extension Bool: DescribedValue {
    public static var rule: String { "boolean" }
    public static var form: ValueForm { .boolean }
}

extension UUID: DescribedValue {
    public static var rule: String { "uuid" }
    public static var form: ValueForm { .format("uuid") }
}

extension ID: DescribedValue {
    public static var rule: String { UUID.rule }
    public static var form: ValueForm { UUID.form }
}

extension Timestamp: DescribedValue {
    public static var rule: String { "RFC 3339 time" }
    public static var form: ValueForm { .format("date-time") }
}

extension JSONText: DescribedValue {
    public static var rule: String { "any JSON value" }
    public static var form: ValueForm { .any }
}

extension Optional: DescribedValue where Wrapped: DescribedValue {
    public static var rule: String { "\(Wrapped.rule) or null" }
    public static var form: ValueForm { .optional(Wrapped.form) }
}

extension Array: DescribedValue where Element: DescribedValue {
    public static var rule: String { "array of \(Element.rule)" }
    public static var form: ValueForm { .array(Element.form) }
}
