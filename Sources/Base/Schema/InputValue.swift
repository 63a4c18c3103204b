/// A type that is parsed from input.
///
/// Every existing value of the type is valid.
///
/// ```swift
/// struct TeamName: InputValue {
///     static let text = TextRule(2...100)
///     static var rule: String { text.description }
///     static var form: ValueForm { text.form }
///
///     let text: String
///
///     init(input: JSONValue) throws(Violations) {
///         text = try Self.text.read(input)
///     }
/// }
/// ```
public protocol InputValue: DescribedValue {
    /// Parses and validates a value.
    ///
    /// - Throws: Every rule that the value violates.
    init(input: JSONValue) throws(Violations)

    /// The fields of the objects that the values are or contain. The default is none.
    static var inputShape: ObjectShape { get }
}

extension InputValue {
    public static var inputShape: ObjectShape { ObjectShape() }
}

extension String: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let string = input.string else { throw Violations(.invalidType, "must be a string") }
        self = string
    }
}

extension Int: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let integer = input.integer else {
            guard input.isWholeNumber else { throw Violations(.invalidType, "must be a whole number") }
            throw Violations(.outOfRange, "must fit 64 bits")
        }
        self = integer
    }
}

extension Bool: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let bool = input.bool else { throw Violations(.invalidType, "must be true or false") }
        self = bool
    }
}

extension UUID: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let uuid = UUID(try String(input: input)) else {
            throw Violations(.invalidFormat, "must be a UUID, as in 8-4-4-4-12 hexadecimal digits")
        }
        self = uuid
    }
}

extension ID: InputValue {
    public init(input: JSONValue) throws(Violations) {
        self.init(try UUID(input: input))
    }
}

extension Timestamp: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard let timestamp = Timestamp(try String(input: input)) else {
            throw Violations(.invalidFormat, "must be an RFC 3339 time, as in 2026-01-31T12:00:00Z")
        }
        self = timestamp
    }
}

extension JSONText: InputValue {
    public init(input: JSONValue) throws(Violations) {
        guard input.hasOnlyStorableNumbers else {
            throw Violations(.outOfRange, "must not contain numbers that a 64-bit floating-point number cannot hold")
        }
        self = input.text
    }
}

extension Optional: InputValue where Wrapped: InputValue {
    public init(input: JSONValue) throws(Violations) {
        self = input.isNull ? nil : try Wrapped(input: input)
    }

    public static var inputShape: ObjectShape { Wrapped.inputShape }
}

extension Array: InputValue where Element: InputValue {
    public init(input: JSONValue) throws(Violations) {
        self = try ListRule(0...1_000).read(input)
    }

    public static var inputShape: ObjectShape { Element.inputShape }
}

/// An enumeration of strings.
///
/// Input must match the name of a case exactly.
public protocol InputEnumeration: InputValue, CaseIterable, RawRepresentable where RawValue == String {}

extension InputEnumeration {
    public init(input: JSONValue) throws(Violations) {
        let name = try String(input: input).utf8
        // `init(rawValue:)` uses Unicode equivalence, by which a Kelvin sign equals a K.
        guard let value = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) else {
            throw Violations(.invalidEnum, "must be \(Self.rule)")
        }
        self = value
    }
}

extension InputEnumeration {
    /// Parses a list that contains each case at most once, in any order.
    ///
    /// - Returns: The cases in the order of their declaration.
    /// - Throws: The errors of the list's rule, or `invalid_format` if a case occurs twice.
    public static func distinct(_ input: JSONValue, in list: ListRule) throws(Violations) -> [Self] {
        let named: [Self] = try list.read(input)
        let cases = allCases.filter { known in
            named.contains { $0.rawValue.utf8.elementsEqual(known.rawValue.utf8) }
        }
        guard cases.count == named.count else { throw Violations(.invalidFormat, "must name each once") }
        return cases
    }
}

/// A type that is parsed from a JSON object, field by field.
public protocol InputObject: InputValue {
    /// The fields, and how to create a value from them.
    static var schema: Schema<Self> { get }

    /// The rule about which optional fields must be present. The default is none.
    static var choice: FieldChoice? { get }
}

extension InputObject {
    public static var rule: String { "object" }
    public static var form: ValueForm { .object }

    public init(input: JSONValue) throws(Violations) {
        self = try Self.schema.decode(input)
    }

    public static var choice: FieldChoice? { nil }

    public static var inputShape: ObjectShape {
        ObjectShape(fields: schema.fields, choice: choice, isOpen: schema.isOpen)
    }
}

/// The input of an endpoint that has no fields: an empty object.
public struct NoInput: InputObject, Hashable {
    public init() {}

    public static var schema: Schema<NoInput> { Schema(into: NoInput.init) }
}

/// The effect of an update on an optional value.
public enum Change<Value> {
    /// The field was absent: the value is kept.
    case keep

    /// The field was null: the value is cleared.
    case clear

    /// The field had a value: it replaces the old value.
    case set(Value)
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
extension Change: Hashable where Value: Hashable {}
